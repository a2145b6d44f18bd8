import { Button, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { SavedQuery } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'
import { fieldErrors } from '../../parts/fieldErrors'
import { Note } from '../../parts/states'
import classes from './ExplorePage.module.css'
import { useSavedChange } from './saved'

/** Keeps what is shown under a name; a name that is taken has its content replaced, and the button says so. */
export function SaveForm({ text, saved }: { text: string; saved: readonly SavedQuery[] }): ReactNode {
  const { fusewatch } = useServices()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const taken = saved.find((one) => one.name === name.trim())
  const save = useSavedChange((wish: { id?: number | undefined }) => fusewatch.saveQuery({ ...wish, name, description: description || (taken?.description ?? ''), search: text }))
  const clear = (): void => {
    setName('')
    setDescription('')
  }
  const errors = fieldErrors(save.error, ['name', 'description'])
  if (!new URLSearchParams(text).getAll('q').some((query) => query.trim() !== '')) return <Note>Run a query, and it can be saved here.</Note>
  return (
    <form
      className={classes['saveForm']}
      aria-label="Save what is shown"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate({ id: taken?.id }, { onSuccess: clear })
      }}
    >
      <TextInput size="xs" label="Save what is shown as" required maxLength={100} autoComplete="off" value={name} error={errors['name']} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput
        size="xs"
        label="What it is for"
        maxLength={1000}
        autoComplete="off"
        placeholder={taken?.description}
        value={description}
        error={errors['description']}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <Button size="xs" type="submit" loading={save.isPending}>
        {taken ? 'Replace' : 'Save'}
      </Button>
      {errors[''] && <Note kind="warning">{errors['']}</Note>}
    </form>
  )
}
