"""The HTTP face: one package per protocol (``prometheus``, our own ``fusewatch``) and the middleware they share."""
