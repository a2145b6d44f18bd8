import type { ReactNode } from 'react'
import { download, fileName } from '../parts/download'
import { Icon } from '../parts/Icon'
import { Popout, PopoutItem } from '../parts/Popout'
import { formatTime } from '../time/format'
import { useTime } from '../time/TimeContext'
import { frameToCsv } from './csv'
import type { Frame } from './frame'
import { paintPicture, type Picture } from './picture'
import { tokenOf } from './usePlot'

/** What is on the canvas now. */
export type Drawn = Pick<Picture, 'canvas' | 'legend'>

export interface SaveMenuProps {
  title: string
  /** What the picture is called, and the file. */
  subject: string
  frame: Frame
  /** Null while it is shown as a table. */
  drawn: () => Drawn | null
}

/** A graph as a file: its picture, or its values. */
export function SaveMenu({ title, subject, frame, drawn }: SaveMenuProps): ReactNode {
  const { zone } = useTime()
  const { start, end } = frame.window
  const saveValues = (): void => download(fileName(subject, end, 'csv'), new Blob([frameToCsv(frame)], { type: 'text/csv' }))
  const savePicture = (): void => {
    const now = drawn()
    if (!now) return
    const [text, muted, background] = ['--fw-text', '--fw-muted', '--fw-panel'].map((token) => tokenOf(document.documentElement, token))
    const colours = { text: text ?? '', muted: muted ?? '', background: background ?? '' }
    const picture = paintPicture({ ...now, title: subject, subtitle: `${formatTime(start, zone)} to ${formatTime(end, zone)}`, colours })
    picture.toBlob((blob) => blob && download(fileName(subject, end, 'png'), blob))
  }
  return (
    <Popout label={`Save ${title}`} button={<Icon name="download" size={16} />}>
      {(close) => {
        const items = [
          ...(drawn() ? [{ icon: 'graph', label: 'Picture (PNG)', save: savePicture } as const] : []),
          { icon: 'table', label: 'Values (CSV)', save: saveValues } as const,
        ]
        return items.map(({ icon, label, save }) => (
          <PopoutItem
            key={label}
            icon={<Icon name={icon} size={16} />}
            onClick={() => {
              save()
              close()
            }}
          >
            {label}
          </PopoutItem>
        ))
      }}
    </Popout>
  )
}
