import QuernCodegen
import QuernMachine
import QuernVectors

extension MachineFacts {
  /// A machine with caches so small that even the sums of little graphs are worked off in blocks.
  package static func smallCaches(_ target: Target) -> MachineFacts {
    var machine = MachineFacts(target, level1Cache: 320, level2Cache: 512)
    machine.panelBytes = 2048
    return machine
  }

  /// A machine that works off vectors in two halves.
  package static func halved(_ target: Target) -> MachineFacts {
    var machine = MachineFacts(target)
    machine.doublePump()
    return machine
  }
}
