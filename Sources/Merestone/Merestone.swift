@_exported public import MerestoneCore
