import type { IEnvironments } from '../tokens';
import type { IBuild } from '../wire';
import { isActive } from '../wire';

/**
 * Resolves with the build once it has ended, however it did.
 * Calls back with every news of it in between.
 */
export function ended(
  environments: IEnvironments,
  build: IBuild,
  onNews: (build: IBuild) => void
): Promise<IBuild> {
  return new Promise((resolve, reject) => {
    const finish = (last: Promise<IBuild>) => {
      environments.buildsChanged.disconnect(look);
      last.then(resolve, reject);
    };
    const look = () => {
      const running = environments.runningBuilds.find(b => b.id === build.id);
      if (running) {
        onNews(running);
      } else {
        // No longer among those at work: its end is asked for once.
        void environments.api.build(build.id).then(
          last => {
            if (!isActive(last)) {
              finish(Promise.resolve(last));
            }
          },
          reason => finish(Promise.reject(reason))
        );
      }
    };
    if (!isActive(build)) {
      resolve(build);
      return;
    }
    environments.buildsChanged.connect(look);
    look();
  });
}
