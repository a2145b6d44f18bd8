import type { ReactNode } from 'react'
import { Panel } from '../../panels/Panel'
import { Answer } from '../../parts/Answer'
import { CopyButton } from '../../parts/CopyButton'
import { Note } from '../../parts/states'
import { Time } from '../../parts/Time'
import { useConfig, useVersion } from './queries'
import classes from './StatusPage.module.css'

/** What is in force, secrets hidden, and since when. */
export function Configuration(): ReactNode {
  const config = useConfig()
  const version = useVersion().data
  return (
    <Panel title="Configuration" actions={config.data && <CopyButton label="Copy as YAML" text={config.data} />}>
      {version && !version.config_ok && <Note kind="warning">The file has changed since and cannot be read; this older one is in force.</Note>}
      <Answer query={config} what="The configuration" height={240}>
        {(yaml) => (
          <pre className={classes['yaml']} tabIndex={0}>
            {yaml || '# no file: everything is as it comes'}
          </pre>
        )}
      </Answer>
      {typeof version?.config_loaded_at === 'number' && (
        <p className={classes['when']}>
          Loaded <Time at={version.config_loaded_at} />
        </p>
      )}
    </Panel>
  )
}
