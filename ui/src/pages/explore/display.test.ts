import { expect, test } from 'vitest'
import { describeDisplay, validateDisplay } from './display'

test('a link restores what it can mean and nothing else', () => {
  expect(validateDisplay({ draw: 'heat', scale: 'log', compare: '1d', unit: 'bytes', apart: 'yes', band: 'no' })).toEqual({
    draw: 'heat',
    scale: 'log',
    compare: '1d',
    unit: 'bytes',
    apart: 'yes',
    band: 'no',
  })
  expect(validateDisplay({ draw: 'pie', scale: 3, compare: '2y', unit: '' })).toEqual({})
})

test('what is other than usual is said', () => {
  expect(describeDisplay({})).toBe('')
  expect(describeDisplay({ draw: 'stacked', compare: '1w', apart: 'yes' })).toBe('stacked, with 1 week before, one each')
})
