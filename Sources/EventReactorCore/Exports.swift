@_exported public import EventReactorBasics
@_exported public import EventReactorBytes
@_exported public import EventReactorMetrics
@_exported public import EventReactorScheduling
