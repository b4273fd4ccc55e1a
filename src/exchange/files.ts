import type { TranslationBundle } from '@jupyterlab/translation';

/** Names of files that may hold an environment; the server reads them and says what it made of them. */
const KNOWN = [
  /\.ya?ml$/i,
  /\.(in|txt)$/i,
  /\.toml$/i,
  /\.lock$/i,
  /^(.*[._-])?(Dockerfile|Containerfile)([._-].*)?$/i,
  /^(MLproject|postBuild|Pipfile)$/i,
  // An environment of Azure ML, a definition that was exported; not what npm and editors have.
  /^(?!(package(-lock)?|tsconfig.*|jsconfig|settings|manifest)\.json$).*\.json$/i,
  /\.mlenv$/i,
  /^(.*\.)?env(\..*)?$/i,
  // A block of PEP 723 may stand in them.
  /\.(py|ipynb)$/i
];

/** Whether a file is worth reading as an environment. */
export function isKnownFile(name: string): boolean {
  return KNOWN.some(one => one.test(name));
}

/** What the dialog of the browser offers. */
export const ACCEPT =
  '.txt,.in,.yml,.yaml,.toml,.lock,.json,.env,.py,.ipynb,.mlenv,Dockerfile,Pipfile';

export interface IExportFormat {
  readonly format: string;
  readonly label: string;
}

/** The formats that a version can be had in, those that most people want first. */
export function exportFormats(
  trans: TranslationBundle
): readonly IExportFormat[] {
  return [
    { format: 'requirements', label: trans.__('requirements.txt, pinned') },
    {
      format: 'requirements-unpinned',
      label: trans.__('requirements.txt, as asked for')
    },
    {
      format: 'requirements-hashed',
      label: trans.__('requirements.txt with hashes')
    },
    { format: 'conda', label: trans.__('conda.yml') },
    { format: 'pylock', label: trans.__('pylock.toml') },
    { format: 'pixi', label: trans.__('pixi.toml') },
    { format: 'script', label: trans.__('Block for a script (PEP 723)') },
    { format: 'dockerfile', label: trans.__('Dockerfile') },
    { format: 'devcontainer', label: trans.__('Dev container (zip)') },
    { format: 'azureml', label: trans.__('Azure ML directory (zip)') },
    { format: 'sbom', label: trans.__('Bill of materials (CycloneDX)') },
    { format: 'json', label: trans.__('Definition (JSON)') }
  ];
}

/** Hands something to the browser as a file. */
export function download(blob: Blob, filename: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = filename;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Files from the person's own machine; none when the dialog is closed. */
export function chooseFile(): Promise<File | null> {
  return new Promise(resolve => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = ACCEPT;
    input.onchange = () => resolve(input.files?.[0] ?? null);
    input.oncancel = () => resolve(null);
    input.click();
  });
}
