import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Sender } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import { DetailDrawer } from '../../parts/DetailDrawer'
import { Facts } from '../../parts/Facts'
import { Time } from '../../parts/Time'
import { protocolName, senderName } from './senders'

/** One sender in full. */
export function SenderDrawer({ sender, onClose }: { sender: Sender | undefined; onClose: () => void }): ReactNode {
  return (
    <DetailDrawer title={sender ? senderName(sender) : ''} opened={sender !== undefined} onClose={onClose}>
      {sender && <SenderDetails sender={sender} />}
    </DetailDrawer>
  )
}

function SenderDetails({ sender }: { sender: Sender }): ReactNode {
  const query = `sum(rate(fusewatch_ingest_samples_total{protocol=${JSON.stringify(sender.protocol)}}[1m]))`
  return (
    <Facts
      facts={[
        ['Protocol', protocolName(sender.protocol)],
        ['Calls itself', sender.agent || 'nothing'],
        ['Address', sender.address || 'this machine'],
        ['Credentials', sender.identity || 'none needed'],
        ['First seen', <Time key="first" at={sender.first_seen} />],
        ['Last seen', <Time key="last" at={sender.last_seen} />],
        ['Active series', formatCount(sender.series)],
        ['New series since the start', formatCount(sender.new_series)],
        ['Samples', `${formatValue(sender.samples_per_second, 'short')} a second, ${formatCount(sender.samples)} since the start`],
        ['Requests', `${formatValue(sender.requests_per_second, 'short')} a second, ${formatCount(sender.requests)} since the start`],
        ['Bytes', `${formatValue(sender.bytes_per_second, 'bytes/s')}, ${formatValue(sender.bytes, 'bytes')} since the start`],
        ['Samples a request', sender.requests > 0 ? formatValue(sender.samples / sender.requests, 'short') : '–'],
        ['Refused', formatCount(sender.refused)],
        ['History of its protocol', <Link key="history" to="/explore" search={{ q: [query] }}>{query}</Link>],
      ]}
    />
  )
}
