import { TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { SavedQuery } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'
import { useMay } from '../../app/session'
import { Answer } from '../../parts/Answer'
import { Confirm } from '../../parts/Confirm'
import { Icon } from '../../parts/Icon'
import { Popout } from '../../parts/Popout'
import { messageOf, Note } from '../../parts/states'
import { formatAgo } from '../../time/format'
import { useTime } from '../../time/TimeContext'
import classes from './ExplorePage.module.css'
import { findSaved, useSavedChange, useSavedQueries } from './saved'
import { SaveForm } from './SaveForm'
import type { Exploration } from './useExploration'

type SavedPickerProps = Pick<Exploration, 'text' | 'open'>

/** What the team keeps: open it, or keep what is shown now. */
export function SavedPicker(props: SavedPickerProps): ReactNode {
  return (
    <Popout
      framed
      label="Saved"
      button={
        <>
          <Icon name="layers" size={14} /> Saved
        </>
      }
    >
      {(close) => (
        <SavedList
          text={props.text}
          open={(text) => {
            props.open(text)
            close()
          }}
        />
      )}
    </Popout>
  )
}

function SavedList({ text, open }: SavedPickerProps): ReactNode {
  const saved = useSavedQueries()
  const may = useMay('operator')
  const [sought, setSought] = useState('')
  return (
    <div className={classes['saved']}>
      <Answer query={saved} what="The saved queries" height={80}>
        {(all) => (
          <>
            {all.length > 0 && (
              <TextInput size="xs" autoFocus aria-label="Find a saved query" placeholder="Part of a name or of a query" value={sought} onChange={(event) => setSought(event.currentTarget.value)} />
            )}
            <ul className={classes['list']} aria-label="Saved queries">
              {all.length === 0 && <li className={classes['about']}>Nothing is saved yet. What is saved here, everybody on this server finds.</li>}
              {all.length > 0 && findSaved(all, sought).length === 0 && <li className={classes['about']}>No saved query holds all of these words.</li>}
              {findSaved(all, sought).map((one) => (
                <SavedItem key={one.id} saved={one} may={may} onOpen={() => open(one.search)} />
              ))}
            </ul>
            {may ? <SaveForm text={text} saved={all} /> : <Note>To save a query takes the role operator.</Note>}
          </>
        )}
      </Answer>
    </div>
  )
}

function SavedItem({ saved, may, onOpen }: { saved: SavedQuery; may: boolean; onOpen: () => void }): ReactNode {
  const { fusewatch } = useServices()
  const { now } = useTime()
  const remove = useSavedChange((id: number) => fusewatch.deleteSavedQuery(id))
  return (
    <li className={classes['item']}>
      <button type="button" className={classes['pick']} onClick={onOpen}>
        {saved.name}
        <span className={classes['about']}>{[saved.description, `${saved.changed_by}, ${formatAgo(saved.changed_at, now())}`].filter(Boolean).join(' · ')}</span>
        {new URLSearchParams(saved.search).getAll('q').map((query, index) => (
          <code key={index} className={classes['about']}>
            {query}
          </code>
        ))}
      </button>
      {may && <Confirm label="Delete" question={`Delete ${saved.name} for everybody`} busy={remove.isPending} onConfirm={() => remove.mutate(saved.id)} />}
      {remove.error && <Note kind="warning">{messageOf(remove.error)}</Note>}
    </li>
  )
}
