import { Signal } from '@lumino/signaling';

import { StartingKernels } from '../notebook/starting';
import { EVENT_SCHEMAS } from '../wire';

describe('a kernel that takes long to start', () => {
  it('tells what it is doing, until it has started', () => {
    const stream = new Signal<unknown, unknown>({});
    const starting = new StartingKernels({ stream } as never);
    let told = 0;
    starting.changed.connect(() => {
      told += 1;
    });
    const emit = (state: string, detail?: string) =>
      stream.emit({
        schema_id: EVENT_SCHEMAS.kernel,
        id: 'mlenv-churn-00000000',
        state,
        detail
      });
    emit('starting', '40 of 200 MB');
    expect(starting.of('mlenv-churn-00000000')).toBe('40 of 200 MB');
    expect(starting.of('mlenv-other-00000000')).toBe('');
    emit('started');
    expect(starting.of('mlenv-churn-00000000')).toBe('');
    stream.emit({ schema_id: EVENT_SCHEMAS.build, id: 'x', state: 'starting' });
    expect(told).toBe(2);
    starting.dispose();
    emit('starting', 'never heard');
    expect(starting.of('mlenv-churn-00000000')).toBe('');
  });
});
