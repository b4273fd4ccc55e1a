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
  /** Hands out a version as a file of a `format`. */
  exportFile: 'mlenv:export',
  copyAndEdit: 'mlenv:copy-and-edit',
  build: 'mlenv:build',
  cancelBuild: 'mlenv:cancel-build',
  /** Switches the notebook in front, or makes one. */
  use: 'mlenv:use',
  remove: 'mlenv:delete',
  refresh: 'mlenv:refresh'
} as const;
