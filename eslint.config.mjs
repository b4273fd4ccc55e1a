import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      '.cache',
      'node_modules',
      'lib',
      'dist',
      '.venv',
      'mlenv_jupyter/labextension',
      '**/*.js',
      '**/*.mjs'
    ]
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}', 'tests/ui/**/*.ts'],
    plugins: { 'react-hooks': reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'interface', format: ['PascalCase'], prefix: ['I'] }
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      // A namespace of the same name as a class holds its options: JupyterLab's own idiom.
      '@typescript-eslint/no-namespace': 'off',
      curly: ['error', 'all'],
      eqeqeq: 'error',
      // Prettier starts a line with a bracket where the statement before has no end.
      'no-unexpected-multiline': 'off',
      // React.memo(function Row…): the name is the one that React's tools show.
      'prefer-arrow-callback': ['error', { allowNamedFunctions: true }]
    }
  },
  {
    // Playwright's fixtures: an empty pattern where none is asked for, and a callback called `use`.
    files: ['tests/ui/**/*.ts'],
    rules: { 'no-empty-pattern': 'off', 'react-hooks/rules-of-hooks': 'off' }
  }
);
