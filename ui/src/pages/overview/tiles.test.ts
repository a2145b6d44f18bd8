import { expect, test } from 'vitest'
import { aHost } from '../../testing/host'
import { hostTiles } from './tiles'

const tileOf = (label: string, changes: Parameters<typeof aHost>[0]): ReturnType<typeof hostTiles>[number] | undefined =>
  hostTiles(aHost(changes)).find((tile) => tile.label === label)

test.each([
  [0.2, 'ok', 'Easy'],
  [0.85, 'warning', 'Busy'],
  [0.95, 'critical', 'Saturated'],
])('a CPU used to %d is %s: %s', (usage, kind, word) => {
  expect(tileOf('CPU', { cpu: { ...aHost().cpu, usage } })).toMatchObject({ kind, word })
})

test('memory in caches counts as available', () => {
  const memory = { total_bytes: 1000, available_bytes: 900, by_type: { used: 0.1, cached: 0.8 }, swap_total_bytes: 0 }
  expect(tileOf('Memory', { memory })).toMatchObject({ kind: 'ok', value: '10 %' })
})

test('the disk tile is about the fullest one', () => {
  const disk = { device: '/dev/a', total_bytes: 100, free_bytes: 50 }
  const disks = [
    { ...disk, mount_point: '/', usage: 0.5 },
    { ...disk, mount_point: '/data', usage: 0.97, free_bytes: 3 },
  ]
  expect(tileOf('Disk', { disks })).toMatchObject({ kind: 'critical', word: 'Nearly full', detail: '3 B free on /data' })
})

test('a machine without a mounted disk says so', () => {
  expect(tileOf('Disk', { disks: [] })).toMatchObject({ kind: 'unknown', word: 'No disk seen' })
})

test('load is judged per core', () => {
  const cores = ['0', '1', '2', '3'].map((core) => ({ core, usage: 0 }))
  const withLoad = (load: number): unknown => tileOf('Load', { cpu: { usage: 0, cores }, load: { '1m': load, '5m': load, '15m': load } })
  expect(withLoad(3.9)).toMatchObject({ kind: 'ok' })
  expect(withLoad(5)).toMatchObject({ kind: 'warning' })
  expect(withLoad(9)).toMatchObject({ kind: 'warning', word: 'Queueing' })
})
