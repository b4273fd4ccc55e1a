import * as React from 'react';

import { ProblemError, problemOf } from '../api';
import { Glyph } from '../icons';
import { usePanel } from '../panel/context';
import { FieldProblem, IconButton } from '../panel/parts';
import type { IIndexes, IProblem } from '../wire';
import { CompletionList } from './completionlist';
import { parseRequirement } from './requirement';
import { useCompletion } from './usecompletion';

/**
 * The field that adds a package: a combobox over names, and after `Tab` or `==` over versions.
 *
 * `Enter` adds what was typed or chosen; what cannot be read stays, with the reason under it.
 */
export function AddBox(props: {
  /** Names of packages that this registry has met. */
  known: readonly string[];
  /** Where the packages come from. */
  indexes: IIndexes;
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
  const completion = useCompletion(text, open, props.known, props.indexes);
  const { options } = completion;

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
      void add(options[chosen]?.line ?? text);
    } else if (
      key === 'Tab' &&
      !event.shiftKey &&
      completion.kind === 'name' &&
      options.length
    ) {
      type(`${options[Math.max(chosen, 0)].line}==`);
    } else if (key === 'Escape' && open && options.length) {
      setOpen(false);
    } else if (key === 'Escape' && text) {
      clear();
    } else if (key === 'ArrowDown' && options.length) {
      setChosen((chosen + 1) % options.length);
    } else if (key === 'ArrowUp' && options.length) {
      setChosen(((chosen + options.length) % (options.length + 1)) - 1);
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
            aria-expanded={options.length > 0}
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
      <CompletionList
        id={id}
        completion={completion}
        chosen={chosen}
        onChoose={option => void add(option.line)}
      />
    </div>
  );
}
