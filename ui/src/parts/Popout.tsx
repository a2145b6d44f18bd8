import { useId, useRef, useState, type CSSProperties, type ReactNode, type ToggleEvent } from 'react'
import classes from './Popout.module.css'

export interface PopoutProps {
  /** What the button says to who cannot see it. */
  label: string
  button: ReactNode
  /** The look of the button: a bare icon, or a bordered field. */
  framed?: boolean
  /** Built when it opens and dropped when it closes. */
  children: (close: () => void) => ReactNode
}

const GAP_PX = 6
const PHONE_PX = 768
/** A sheet of this height can be used; with less room below it opens above, where there is more. */
const ENOUGH_PX = 280

/** A button and what opens under it. The browser's own popover brings the top layer, Esc, and closing by a press elsewhere. */
export function Popout({ label, button, framed = false, children }: PopoutProps): ReactNode {
  const id = useId()
  const opener = useRef<HTMLButtonElement>(null)
  const [place, setPlace] = useState<CSSProperties | null>(null)
  const toggled = (event: ToggleEvent): void => setPlace(event.newState === 'open' ? placed(opener.current) : null)
  return (
    <>
      <button
        ref={opener}
        type="button"
        popoverTarget={id}
        aria-label={label}
        aria-expanded={place !== null}
        title={label}
        className={framed ? classes['framed'] : classes['bare']}
      >
        {button}
      </button>
      <div id={id} popover="auto" role="dialog" aria-label={label} className={classes['sheet']} onBeforeToggle={toggled} style={place ?? {}}>
        {place && children(() => document.getElementById(id)?.hidePopover())}
      </div>
    </>
  )
}

/** At its button and in sight: below where there is room, on a phone over the whole width, else towards the side that has more room. */
function placed(opener: HTMLElement | null): CSSProperties {
  const box = opener?.getBoundingClientRect()
  if (!box) return {}
  const { clientWidth: width, clientHeight: height } = document.documentElement
  const [above, below] = [box.top - 2 * GAP_PX, height - box.bottom - 2 * GAP_PX]
  const upright =
    below >= ENOUGH_PX || below >= above ? { top: box.bottom + GAP_PX, maxHeight: below } : { bottom: height - box.top + GAP_PX, maxHeight: above }
  if (width < PHONE_PX) return { ...upright, left: GAP_PX, right: GAP_PX }
  if (box.left + box.right < width) return { ...upright, left: box.left, right: GAP_PX, marginRight: 'auto' }
  return { ...upright, left: GAP_PX, right: Math.max(GAP_PX, width - box.right), marginLeft: 'auto' }
}

export interface PopoutItemProps {
  icon: ReactNode
  chosen?: boolean
  onClick: () => void
  children: ReactNode
}

export function PopoutItem({ icon, chosen, onClick, children }: PopoutItemProps): ReactNode {
  return (
    <button type="button" className={classes['item']} onClick={onClick} aria-pressed={chosen}>
      {icon}
      {children}
    </button>
  )
}
