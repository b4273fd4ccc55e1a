import * as React from 'react';

import { ProblemError, problemOf } from '../api';
import { Glyph } from '../icons';
import { usePanel } from '../panel/context';
import { FieldProblem, IconButton } from '../panel/parts';
import type { IProblem } from '../wire';
import { canonicalName, parseRequirement } from './requirement';

const MAX_SUGGESTIONS = 6;
const LETTERS = 2;

/**
 * The field that adds a package: a combobox over the names that are known here.
 *
 * `Enter` adds what was typed or chosen; what cannot be read stays, with the reason under it.
 */
export function AddBox(props: {
  /** Names of packages that this registry has met. */
  known: readonly string[];
  onAdd: (requirement: string) => void;
  /** Several lines were pasted. */
  onPasteMany: (text: string) => void;
  onOpenPaste: () => void;
  onOpenText: () => void;
}): JSX.Element {
  const { trans, environments } = usePanel();
  const [text, setText] = React.useState('');
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const [open, setOpen] = React.useState(false);
  const [chosen, setChosen] = React.useState(-1);
  const id = React.useId();
  const suggestions = open ? suggest(props.known, text) : [];

  const type = (value: string) => {
    setText(value);
    setProblem(null);
    setOpen(true);
    setChosen(-1);
  };
  const clear = () => {
    type('');
    setOpen(false);
  };
  const add = async (line: string) => {
    if (!line.trim()) {
      return;
    }
    if (parseRequirement(line)) {
      props.onAdd(line.trim());
      clear();
      return;
    }
    // It does not look right: the server knows better, and can say what is wrong.
    try {
      const answer = await environments.api.validate({
        definition: { pip: { requirements: [line] } }
      });
      if (answer.ok) {
        props.onAdd(line.trim());
        clear();
      } else {
        setProblem(answer.problems[0] ?? null);
      }
    } catch (reason) {
      setProblem(
        reason instanceof ProblemError ? reason.problems[0] : problemOf(reason)
      );
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const { key } = event;
    if (key === 'Enter') {
      void add(suggestions[chosen] ?? text);
    } else if (key === 'Escape' && open && suggestions.length) {
      setOpen(false);
    } else if (key === 'Escape' && text) {
      clear();
    } else if (key === 'ArrowDown' && suggestions.length) {
      setChosen((chosen + 1) % suggestions.length);
    } else if (key === 'ArrowUp' && suggestions.length) {
      setChosen(((chosen + suggestions.length) % (suggestions.length + 1)) - 1);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onPaste = (event: React.ClipboardEvent) => {
    const pasted = event.clipboardData.getData('text/plain');
    if (/\S\s*\r?\n\s*\S/.test(pasted)) {
      event.preventDefault();
      props.onPasteMany(pasted);
    }
  };

  return (
    <div className="mlenv-AddBox">
      <div className="mlenv-AddBox-line">
        <div
          className="mlenv-Field"
          data-invalid={problem !== null || undefined}
        >
          <Glyph name="add" size={14} />
          <input
            type="text"
            role="combobox"
            value={text}
            placeholder={trans.__('Add a package, or paste many')}
            aria-label={trans.__('Add a package')}
            aria-autocomplete="list"
            aria-expanded={suggestions.length > 0}
            aria-controls={`${id}-list`}
            aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
            aria-invalid={problem !== null}
            aria-describedby={problem ? `${id}-problem` : undefined}
            spellCheck={false}
            autoComplete="off"
            onChange={event => type(event.target.value)}
            onKeyDown={onKeyDown}
            onPaste={onPaste}
            onBlur={() => setOpen(false)}
          />
        </div>
        <IconButton
          icon="paste"
          label={trans.__('Paste many')}
          onClick={props.onOpenPaste}
        />
        <IconButton
          icon="edit"
          label={trans.__('Edit as text')}
          onClick={props.onOpenText}
        />
      </div>
      <FieldProblem id={`${id}-problem`} problem={problem} />
      {suggestions.length > 0 && (
        <div className="mlenv-Popover">
          <div role="listbox" id={`${id}-list`} aria-label={trans.__('Names')}>
            {suggestions.map((name, index) => (
              <div
                key={name}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === chosen}
                className="mlenv-Popover-option"
                onPointerDown={event => {
                  // Before the field loses the focus.
                  event.preventDefault();
                  void add(name);
                }}
              >
                {name}
              </div>
            ))}
          </div>
          <div className="mlenv-Popover-foot">
            <span>
              <kbd>{trans.__('Enter')}</kbd> {trans.__('add')}
            </span>
            <span>{trans.__('known names only')}</span>
          </div>
        </div>
      )}
    </div>
  );
}

/** Known names that begin with what was typed, then those that hold it. */
export function suggest(known: readonly string[], text: string): string[] {
  const typed = canonicalName(text.trim());
  if (typed.length < LETTERS || !/^[a-z0-9-]+$/.test(typed)) {
    return [];
  }
  const starts = known.filter(name => name.startsWith(typed));
  const holds = known.filter(
    name => !name.startsWith(typed) && name.includes(typed)
  );
  return [...starts, ...holds]
    .filter(name => name !== typed)
    .slice(0, MAX_SUGGESTIONS);
}
