import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import ts from 'typescript-eslint'

export default ts.config(
  { ignores: ['dist', 'node_modules', 'coverage'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  ...ts.configs.stylisticTypeChecked,
  hooks.configs.flat['recommended-latest'],
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      'no-console': 'error',
      'no-nested-ternary': 'error',
      eqeqeq: 'error',
      // The compiler that would skip such components is not part of this build.
      'react-hooks/incompatible-library': 'off',
      'max-lines': ['error', { max: 300 }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Navigation that fails is shown by the router itself.
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      // Colours have names in tokens.css and panels/palette.ts; a literal would miss one of the two themes.
      'no-restricted-syntax': ['error', { selector: 'JSXAttribute[name.name="style"] Literal[value=/^#|^rgb/]', message: 'Use a colour token.' }],
    },
  },
  { files: ['**/*.js'], extends: [ts.configs.disableTypeChecked], languageOptions: { globals: { ...globals.browser, ...globals.node } } },
)
