import { EditorView } from '@codemirror/view';
import { CodeEditor, type IEditorServices } from '@jupyterlab/codeeditor';
import * as React from 'react';

import { type ILineProblem, lineMarks, showProblems } from './linemarks';

/** The part of JupyterLab's editor that tells the CodeMirror below it. */
interface ICodeMirror extends CodeEditor.IEditor {
  readonly editor?: EditorView;
}

/** Text in JupyterLab's own editor, with the lines marked that are wrong. */
export function CodeText(props: {
  editors: IEditorServices;
  label: string;
  start: string;
  mimeType: string;
  problems: readonly ILineProblem[];
  onChange: (text: string) => void;
}): JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  const made = React.useRef<ICodeMirror | null>(null);
  const latest = React.useRef(props);
  latest.current = props;
  const { problems } = props;

  // The editor is made once: what it holds afterwards is its own.
  React.useEffect(() => {
    const node = host.current;
    if (!node) {
      return;
    }
    const { editors, label, mimeType, start } = latest.current;
    const model = new CodeEditor.Model({ mimeType });
    model.sharedModel.setSource(start);
    const editor: ICodeMirror = editors.factoryService.newInlineEditor({
      host: node,
      model,
      config: { lineNumbers: true, lineWrap: false },
      extensions: [
        lineMarks,
        EditorView.contentAttributes.of({
          'aria-label': label,
          'aria-multiline': 'true',
          spellcheck: 'false'
        })
      ]
    });
    const changed = () =>
      latest.current.onChange(model.sharedModel.getSource());
    model.sharedModel.changed.connect(changed);
    made.current = editor;
    editor.focus();
    return () => {
      made.current = null;
      model.sharedModel.changed.disconnect(changed);
      editor.dispose();
      model.dispose();
    };
  }, []);

  React.useEffect(() => {
    const view = made.current?.editor;
    if (view) {
      showProblems(view, problems);
    }
  }, [problems]);

  return <div className="mlenv-CodeText" ref={host} />;
}
