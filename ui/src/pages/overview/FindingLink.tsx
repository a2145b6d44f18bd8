import { useRouter } from '@tanstack/react-router'
import type { MouseEvent, ReactNode } from 'react'

/** A link that the server wrote: followed inside the page, and openable in a new one. Only paths of this server are links. */
export function FindingLink({ href, title }: { href: string; title: string }): ReactNode {
  const router = useRouter()
  if (!href.startsWith('/') || href.startsWith('//')) return null
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    router.history.push(href)
  }
  return (
    <a href={href} onClick={follow} aria-label={`Look into it: ${title}`}>
      Look into it
    </a>
  )
}
