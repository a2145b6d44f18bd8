import '../../app/mantineForms'
import type { ReactNode } from 'react'
import { useSession } from '../../app/session'
import { PageHeader } from '../../parts/PageHeader'
import { Note } from '../../parts/states'
import { Audit } from './Audit'
import { Tokens } from './Tokens'
import { Users } from './Users'
import classes from './UsersPage.module.css'

/** Who may do what, with which tokens, and who changed what. */
export function UsersPage(): ReactNode {
  const session = useSession().data
  return (
    <div className={classes['page']}>
      <PageHeader quiet title="Users" about="Viewer looks, operator acts, editor changes, admin decides who may." />
      {session && !session.authentication && <Note>Nobody need log in on this machine yet. The first user changes that: have the password at hand.</Note>}
      <Users />
      <Tokens />
      <Audit />
    </div>
  )
}
