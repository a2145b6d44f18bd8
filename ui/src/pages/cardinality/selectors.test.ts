import { expect, test } from 'vitest'
import { jobQuery, labelQuery, metricQuery, pairQuery } from './selectors'

test.each([
  [metricQuery('up'), 'up'],
  // a name that PromQL cannot write bare
  [metricQuery('http.requests'), '{"http.requests"}'],
  [jobQuery('api'), 'count by (__name__) ({job="api"})'],
  [jobQuery(''), 'count by (__name__) ({__name__!="", job=""})'],
  [labelQuery('pod'), 'count by (pod) ({pod!=""})'],
  [labelQuery('k8s.pod'), 'count by ("k8s.pod") ({"k8s.pod"!=""})'],
  [pairQuery('__name__', 'up'), 'up'],
  [pairQuery('path', '/a"b'), 'count by (__name__) ({path="/a\\"b"})'],
])('%s', (query, expected) => {
  expect(query).toBe(expected)
})
