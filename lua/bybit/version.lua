-- The version of the module, here and nowhere else: bybit.version, `bybit version`. Semantic versioning.

return "0.1.0"
