import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, type ReactNode } from 'react'
import { messageOf } from '../parts/states'
import { useConnection } from './services'

/**
 * A page that broke. After an upgrade its files may be gone, so loading anew is the first thing to offer; a page that could not be fetched
 * because the server was away is loaded by itself when it is back.
 */
export function PageFailed({ error }: { error: unknown }): ReactNode {
  const { lost } = useConnection()
  const wasLost = useRef(lost)
  useEffect(() => {
    if (wasLost.current && !lost) location.reload()
    wasLost.current = lost
  }, [lost])
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
