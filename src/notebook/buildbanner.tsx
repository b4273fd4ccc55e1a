import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../panel/parts';
import { stageWords } from '../panel/states';
import type { IBuild } from '../wire';
import { Banner } from './bar';

interface IBuildBannerProps {
  /** What is built, as a title. */
  title: string;
  /** `null` until the server has one. */
  build: IBuild | null;
  /** What is said until then. */
  before: string;
  onOpenLog: (build: IBuild) => void;
  onCancel: () => void;
  onDismiss: () => void;
  trans: TranslationBundle;
}

/** A build that the notebook above which it stands waits for. */
export function BuildBanner(props: IBuildBannerProps): JSX.Element {
  const { title, build, onDismiss, trans } = props;
  const { stage, count } = build
    ? stageWords(build, trans)
    : { stage: props.before, count: '' };
  return (
    <Banner
      tone="quiet"
      icon="building"
      text={trans.__(
        'Building %1: %2. The notebook switches when it is ready.',
        title,
        `${stage} ${count}`.trim()
      )}
      strong={title}
      onDismiss={onDismiss}
      trans={trans}
    >
      {build && (
        <Button
          kind="plain"
          label={trans.__('Open log')}
          onClick={() => props.onOpenLog(build)}
        />
      )}
      <Button
        label={trans.__('Cancel')}
        disabled={!build || build.cancelling}
        onClick={props.onCancel}
      />
    </Banner>
  );
}
