"""What ``%mlenv?`` shows, also before the rest is loaded."""

HELP = """\
The environment of this notebook, and all the others.

  %mlenv                         where am I: name, version, packages, drift
  %mlenv list [WORDS]            the environments; --widget: to browse, with buttons (ipywidgets)
  %mlenv show [NAME[:V]]         a version: asked for, resolved, state
  %mlenv drift                   what this kernel has beyond its version
  %mlenv add PACKAGE …           install into this notebook's own copy; remove PACKAGE … takes out
  %mlenv save [-m MESSAGE]       register, build and use the next version, with what was added
  %mlenv discard                 take out again what was added here
  %mlenv new NAME -p PACKAGE …   register an environment (--python, -v KEY=VALUE)
  %mlenv set KEY=VALUE …         the next version of this environment, with other variables
  %mlenv build [NAME[:V]]        build it and watch (interrupting the cell leaves it running);
                                 --widget: beside the cell, with buttons (ipywidgets)
  %mlenv mend [NAME[:V]]         the next version with the fix that its failed build proposes, built
  %mlenv use NAME[:V]            switch this notebook to it; NAME:LABEL --follow goes with a label
  %mlenv log [NAME[:V]]          the log of the newest build
  %mlenv cancel NAME             stop a build
  %mlenv label NAME[:V] [LABEL]  name a version; history, rollback, refresh, archive, restore, tag
  %mlenv builds, diff A B, export [NAME[:V]], kernel list, status, doctor

  %%mlenv NAME                   register the cell: requirements, or a conda YAML file

Options are those of the command: `%mlenv build --help`.
"""
