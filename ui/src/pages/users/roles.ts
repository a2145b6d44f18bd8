import * as v from 'valibot'
import { Role } from '../../api/fusewatch/schemas'

export const ROLES = [...Role.options]

/** The role that a field names; a field that offers only roles names nothing else. */
export function asRole(text: string): Role {
  return v.parse(Role, text)
}
