/** The commands of mlenv, for menus, the palette, the notebook and the panel itself. */
export const CommandIDs = {
  /** Shows the panel; with `name` (and `version`, `tab`, `build`) an environment in it. */
  show: 'mlenv:show',
  openInTab: 'mlenv:open-in-tab',
  create: 'mlenv:new',
  /** Reads a file: one of the server's (`path`), or one that is chosen. */
  importFile: 'mlenv:import-file',
  /** Reads the file that is selected in the file browser. */
  importSelected: 'mlenv:import-selected-file',
  /** Reads the folder that is selected in the file browser. */
  importSelectedFolder: 'mlenv:import-selected-folder',
  /** Makes the kernel of the notebook in front reproducible. */
  adoptKernel: 'mlenv:adopt-kernel',
  /** Hands out a version as a file of a `format`. */
  exportFile: 'mlenv:export',
  copyAndEdit: 'mlenv:copy-and-edit',
  build: 'mlenv:build',
  cancelBuild: 'mlenv:cancel-build',
  /** Switches the notebook in front, or makes one. */
  use: 'mlenv:use',
  /** Runs the notebook in front as a script, in the environment of its kernel. */
  runAsScript: 'mlenv:run-as-script',
  /** Opens what the notebook in front can be switched to; with `atFocus` where the keyboard is. */
  switchEnvironment: 'mlenv:switch-environment',
  /** Has the open notebooks of one version (`from`) run on another (`to`). */
  moveNotebooks: 'mlenv:move-notebooks',
  /** Registers what the kernel of the notebook in front has, builds it and switches to it. */
  saveDrift: 'mlenv:save-drift',
  /** Takes out of it what no version has. */
  discardDrift: 'mlenv:discard-drift',
  /** Takes an environment out of the lists; `restore` puts it back. */
  archive: 'mlenv:archive',
  restore: 'mlenv:restore',
  /** Resolves a version anew, shows what is new, and registers the next one if told to. */
  refreshVersion: 'mlenv:refresh-version',
  remove: 'mlenv:delete',
  /** Removes what was built and nothing refers to, once told what that is. */
  collect: 'mlenv:free-disk-space',
  refresh: 'mlenv:refresh',
  /** Puts an address on the clipboard that opens an environment here. */
  copyLink: 'mlenv:copy-link',
  /** Opens what the address of the page asks for. */
  followLink: 'mlenv:follow-link'
} as const;
