import type { ReactNode } from 'react'

export function ExplorePage(): ReactNode {
  return <h1>Explore</h1>
}
