import {
  type Extension,
  RangeSet,
  StateEffect,
  StateField
} from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  GutterMarker,
  gutterLineClass
} from '@codemirror/view';

/** What is wrong with a line, counted from 1. */
export interface ILineProblem {
  readonly line: number;
  readonly message: string;
}

const setProblems = StateEffect.define<readonly ILineProblem[]>();

class WrongLine extends GutterMarker {
  readonly elementClass = 'mlenv-mod-wrong';
}

const WRONG = new WrongLine();

/** Marks lines that are wrong, in the text and beside it; the reason is their tooltip. */
export const lineMarks: Extension = StateField.define<{
  lines: DecorationSet;
  gutter: RangeSet<GutterMarker>;
}>({
  create: () => ({ lines: Decoration.none, gutter: RangeSet.empty }),
  update(marks, transaction) {
    let { lines, gutter } = marks;
    if (transaction.docChanged) {
      lines = lines.map(transaction.changes);
      gutter = gutter.map(transaction.changes);
    }
    for (const effect of transaction.effects) {
      if (effect.is(setProblems)) {
        const { doc } = transaction.state;
        const wrong = [...effect.value]
          .filter(({ line }) => line >= 1 && line <= doc.lines)
          .sort((one, other) => one.line - other.line)
          .map(({ line, message }) => ({ at: doc.line(line).from, message }));
        lines = Decoration.set(
          wrong.map(({ at, message }) =>
            Decoration.line({
              class: 'mlenv-mod-wrong',
              attributes: { title: message }
            }).range(at)
          )
        );
        gutter = RangeSet.of(wrong.map(({ at }) => WRONG.range(at)));
      }
    }
    return { lines, gutter };
  },
  provide: field => [
    EditorView.decorations.from(field, ({ lines }) => lines),
    gutterLineClass.from(field, ({ gutter }) => gutter)
  ]
});

/** Has an editor with `lineMarks` show these problems and no others. */
export function showProblems(
  view: EditorView,
  problems: readonly ILineProblem[]
): void {
  view.dispatch({ effects: setProblems.of(problems) });
}
