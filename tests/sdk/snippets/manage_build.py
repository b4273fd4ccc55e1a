build = env.build(workspace=ws)
build.wait_for_completion(show_output=True)
