@_exported public import EventReactorCore
