import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useServices } from '../../app/services'
import { useMay } from '../../app/session'
import { Freshness } from '../../parts/Answer'
import { PageHeader } from '../../parts/PageHeader'
import { Failing, Note } from '../../parts/states'
import { Status } from '../../parts/Status'
import { headline } from './health'
import { useComponents } from './queries'

export function StatusHeader(): ReactNode {
  const components = useComponents()
  const { fusewatch } = useServices()
  const queries = useQueryClient()
  const mayReload = useMay('admin')
  const reload = useMutation({ mutationFn: () => fusewatch.reload(), onSuccess: () => queries.invalidateQueries() })
  const now = components.data && headline(components.data)
  return (
    <>
      <PageHeader
        quiet
        title="Status"
        about={now && <Status kind={now.kind}>{now.words}</Status>}
        actions={
          <>
            <Freshness query={components} />
            {mayReload && (
              <Button size="compact-sm" variant="default" loading={reload.isPending} onClick={() => reload.mutate()}>
                Reload the configuration
              </Button>
            )}
          </>
        }
      />
      {reload.isSuccess && <Note>The configuration was read again and is in force.</Note>}
      {reload.isError && <Failing what="The configuration stays as it was" error={reload.error} />}
    </>
  )
}
