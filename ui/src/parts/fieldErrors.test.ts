import { expect, test } from 'vitest'
import { NetworkError, RefusedError } from '../api/errors'
import { fieldErrors } from './fieldErrors'

const refusal = (field?: string): RefusedError => new RefusedError({ status: 400, code: 'bad_request', message: 'too short', field })

test('a refusal stands at the field that it names', () => {
  expect(fieldErrors(refusal('password'), ['name', 'password'])).toEqual({ password: 'too short' })
})

test.each([refusal('shoe_size'), refusal(), new NetworkError('too short')])('what names no field of the form stands under it', (error) => {
  expect(fieldErrors(error, ['name'])).toEqual({ '': 'too short' })
})

test('no error, no message', () => {
  expect(fieldErrors(null, ['name'])).toEqual({})
})
