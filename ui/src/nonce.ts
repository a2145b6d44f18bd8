/** The nonce of this answer's Content-Security-Policy, for the few libraries that write style elements. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''

// Mantine's drawers and modals lock scrolling with a library that reads the nonce here and nowhere else.
;(globalThis as unknown as { __webpack_nonce__: string }).__webpack_nonce__ = nonce
