import { Button, createTheme, type ButtonProps, type CSSVariablesResolver, type MantineColorsTuple, type MantineTheme } from '@mantine/core'
import classes from './theme.module.css'

const accent: MantineColorsTuple = [
  '#ecedfb', '#d5d8f6', '#b9befb', '#a5adff', '#7d86ea', '#5f68d8', '#454dc2', '#3a41a8', '#2f368c', '#252a70',
]

const FILLED = { '--button-bg': 'var(--fw-accent)', '--button-hover': 'var(--fw-accent)', '--button-color': 'var(--fw-accent-text)' }
const COMPACT = { '--button-height': '30px', '--button-padding-x': '10px' }

/** Mantine computes a button's colours from the light theme; ours follow the tokens, and compact ones are as high as our own. */
function buttonVariables(_theme: MantineTheme, { variant = 'filled', size }: ButtonProps): { root: Record<string, string> } {
  return { root: { ...(variant === 'filled' ? FILLED : {}), ...(size === 'compact-sm' ? COMPACT : {}) } }
}

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 6, dark: 3 },
  autoContrast: true,
  colors: { accent },
  fontFamily: 'var(--fw-sans)',
  fontFamilyMonospace: 'var(--fw-mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '13.5px', lg: '15px', xl: '18px' },
  defaultRadius: 'var(--fw-radius)',
  cursorType: 'pointer',
  components: { Button: Button.extend({ classNames: { root: classes['button'] ?? '' }, vars: buttonVariables }) },
})

/** Mantine's own variables point at our tokens, so that its components and ours cannot drift apart. */
export const cssVariables: CSSVariablesResolver = () => {
  const shared = {
    '--mantine-color-body': 'var(--fw-panel)',
    '--mantine-color-text': 'var(--fw-text)',
    '--mantine-color-dimmed': 'var(--fw-muted)',
    '--mantine-color-placeholder': 'var(--fw-muted)',
    '--mantine-color-error': 'var(--fw-critical)',
    '--mantine-color-default-border': 'var(--fw-line)',
    '--mantine-color-default': 'var(--fw-raised)',
    '--mantine-color-default-hover': 'var(--fw-sunken)',
    '--mantine-color-default-color': 'var(--fw-text)',
    '--mantine-color-anchor': 'var(--fw-accent)',
  }
  return { variables: {}, light: shared, dark: shared }
}
