"""PromQL's functions, declared as tables and put together in ``registry``."""
