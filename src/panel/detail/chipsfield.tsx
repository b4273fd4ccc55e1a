import * as React from 'react';

import { Glyph } from '../../icons';
import { usePanel } from '../context';
import { Button, IconButton } from '../parts';

export interface IChip {
  key: string;
  text: string;
  /** Cannot be taken away. */
  fixed?: boolean;
}

/** Short words as chips, each with its way out, and a field for one more. */
export function Chips(props: {
  label: string;
  /** The word on the button that adds one. */
  add: string;
  placeholder: string;
  chips: readonly IChip[];
  /** Answers whether it was taken: what was not stays in the field. */
  onAdd: (text: string) => Promise<boolean>;
  onRemove: (key: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { chips, onAdd } = props;
  const [text, setText] = React.useState<string | null>(null);
  const [busy, setBusy] = React.useState(false);
  const submit = async () => {
    const wanted = text?.trim();
    if (!wanted) {
      setText(null);
      return;
    }
    setBusy(true);
    const taken = await onAdd(wanted);
    setBusy(false);
    if (taken) {
      setText(null);
    }
  };
  return (
    <div className="mlenv-ChipsField" role="group" aria-label={props.label}>
      {chips.map(({ key, text: word, fixed }) => (
        <span key={key} className="mlenv-Tag">
          {word}
          {!fixed && (
            <IconButton
              icon="close"
              label={trans.__('Remove %1', word)}
              onClick={() => props.onRemove(key)}
            />
          )}
        </span>
      ))}
      {text === null ? (
        <Button
          kind="plain"
          icon="add"
          label={props.add}
          onClick={() => setText('')}
        />
      ) : (
        <span className="mlenv-ChipsField-add">
          <Glyph name="tag" size={14} />
          <input
            type="text"
            value={text}
            aria-label={props.add}
            placeholder={props.placeholder}
            disabled={busy}
            autoFocus
            spellCheck={false}
            onChange={event => setText(event.target.value)}
            onBlur={() => !text.trim() && setText(null)}
            onKeyDown={event => {
              if (event.key === 'Enter') {
                void submit();
              } else if (event.key === 'Escape') {
                setText(null);
              } else {
                return;
              }
              event.preventDefault();
              event.stopPropagation();
            }}
          />
        </span>
      )}
    </div>
  );
}
