import { isKnownFile } from '../exchange/files';

test.each([
  ...['environment.yml', 'conda.yaml', 'conda-lock.yml', 'python_env.yaml'],
  ...['requirements.txt', 'requirements-dev.in', 'explicit.txt', 'apt.txt'],
  ...['pyproject.toml', 'pylock.toml', 'pylock.gpu.toml', 'pixi.toml'],
  ...['uv.lock', 'poetry.lock', 'pixi.lock', 'Pipfile', 'Pipfile.lock'],
  ...['train.py', 'notebook.ipynb', 'MLproject', 'runtime.txt', 'postBuild'],
  ...['azureml_environment.json', 'churn-3.json', 'churn-3.mlenv'],
  ...['Dockerfile', 'Dockerfile.gpu', 'gpu.Dockerfile', 'Containerfile'],
  ...['.env', '.env.local', 'prod.env']
])('%s may hold an environment', name => {
  expect(isKnownFile(name)).toBe(true);
});

test.each([
  ...['data.csv', 'package.json', 'package-lock.json', 'tsconfig.build.json'],
  ...['image.png', 'environment', 'model.pkl', 'README.md']
])('%s holds none', name => {
  expect(isKnownFile(name)).toBe(false);
});
