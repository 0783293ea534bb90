@_exported public import EventReactorCore
@_exported public import EventReactorSockets
