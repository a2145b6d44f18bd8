import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { messageOf } from '../parts/states'

/** A page that broke. After an upgrade its files may be gone, so loading anew is the first thing to offer. */
export function PageFailed({ error }: { error: unknown }): ReactNode {
  return (
    <div role="alert">
      <h1>This page broke</h1>
      <p>{messageOf(error)}</p>
      <Button mt="sm" size="sm" onClick={() => location.reload()}>
        Load the page again
      </Button>
    </div>
  )
}

export function NotFound(): ReactNode {
  return (
    <main>
      <h1>There is no such page</h1>
      <p>
        <Link to="/">Go to the overview</Link>
      </p>
    </main>
  )
}
