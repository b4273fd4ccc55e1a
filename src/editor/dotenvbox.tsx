import * as React from 'react';

import { usePanel } from '../panel/context';
import { useFocusBack } from '../panel/focusback';
import { Button } from '../panel/parts';

/** A text of `.env`, pasted or read from a file. */
export function DotEnvBox(props: {
  onDone: (text: string) => void;
  onCancel: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  useFocusBack();
  const [text, setText] = React.useState('');
  const file = React.useRef<HTMLInputElement>(null);
  return (
    <div className="mlenv-TextBox">
      <div className="mlenv-TextBox-text" style={{ blockSize: 116 }}>
        <textarea
          value={text}
          aria-label={trans.__('Variables, one a line')}
          placeholder={'NAME=value\nOTHER="two words"'}
          spellCheck={false}
          wrap="off"
          autoFocus
          onChange={event => setText(event.target.value)}
        />
      </div>
      <input
        ref={file}
        type="file"
        hidden
        aria-hidden="true"
        onChange={event => {
          void event.target.files?.[0]?.text().then(setText);
        }}
      />
      <div className="mlenv-Actions">
        <Button
          kind="primary"
          label={trans.__('Add')}
          disabled={!text.trim()}
          onClick={() => props.onDone(text)}
        />
        <Button
          label={trans.__('From a file…')}
          onClick={() => file.current?.click()}
        />
        <Button
          kind="plain"
          label={trans.__('Cancel')}
          onClick={props.onCancel}
        />
      </div>
    </div>
  );
}
