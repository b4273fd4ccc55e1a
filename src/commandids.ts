/** The commands of mlenv, for menus, the palette, the notebook and the panel itself. */
export const CommandIDs = {
  /** Shows the panel; with `name` (and `version`, `tab`, `build`) an environment in it. */
  show: 'mlenv:show',
  openInTab: 'mlenv:open-in-tab',
  create: 'mlenv:new',
  importFile: 'mlenv:import-file',
  copyAndEdit: 'mlenv:copy-and-edit',
  build: 'mlenv:build',
  cancelBuild: 'mlenv:cancel-build',
  /** Switches the notebook in front, or makes one. */
  use: 'mlenv:use',
  remove: 'mlenv:delete',
  refresh: 'mlenv:refresh'
} as const;
