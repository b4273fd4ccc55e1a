build = env.build_local(workspace=ws, useDocker=True, pushImageToWorkspaceAcr=True)
