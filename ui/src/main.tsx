import './nonce'
import './app/mantine'
import './app/tokens.css'
import './app/base.css'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import { createServices } from './app/services'

const container = document.getElementById('root')
if (!container) throw new Error('index.html has no #root')
const services = createServices(globalThis.fetch.bind(globalThis))
services.connection.start()
createRoot(container).render(<App services={services} />)
