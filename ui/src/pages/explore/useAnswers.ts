import { useMemo } from 'react'
import { useRangeQueries } from '../../panels/useRangeQuery'
import { bandQueries } from './bands'
import { BEFORE_MS, BEFORE_WORDS, type Display } from './display'
import { letterOf, type Answered, type ExploreQuery } from './exploration'

/** The finest that an eye can use on the screen at hand: a point per pixel of a wide one. */
export const EXPLORE_POINTS = globalThis.innerWidth < 768 ? 375 : 1500

/** With more lines their bands would hide each other. */
const MOST_BANDS = 20

export interface Answers {
  answered: Answered[]
  isPending: boolean
}

/** The drawn queries' answers over the page's time, with those of before and the ranges within a step where they are wanted. */
export function useAnswers(queries: readonly ExploreQuery[], { compare, band, draw }: Partial<Display>): Answers {
  const asked = queries.map((query) => (query.hidden ? '' : query.text))
  const present = useRangeQueries(asked, EXPLORE_POINTS)
  const past = useRangeQueries(compare ? asked : [], EXPLORE_POINTS, compare && BEFORE_MS[compare])
  const withBand = band !== 'no' && (draw ?? 'lines') === 'lines'
  const bands = present.data.map((result, index) => {
    const few = result && result.series.length <= MOST_BANDS
    return withBand && few ? bandQueries(asked[index] ?? '', result.window.step) : null
  })
  const low = useRangeQueries(bands.map((one) => one?.[0] ?? ''), EXPLORE_POINTS)
  const high = useRangeQueries(bands.map((one) => one?.[1] ?? ''), EXPLORE_POINTS)
  const answered = useMemo(
    () =>
      queries.flatMap((query, index): Answered[] => {
        const result = present.data[index]
        const before = past.data[index]
        if (!result || query.hidden) return []
        return [
          {
            letter: letterOf(index),
            query: query.text,
            result,
            past: before && compare && { result: before, words: BEFORE_WORDS[compare] },
            low: low.data[index],
            high: high.data[index],
          },
        ]
      }),
    [queries, compare, present.data, past.data, low.data, high.data],
  )
  return { answered, isPending: present.isPending }
}
