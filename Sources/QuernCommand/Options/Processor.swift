import Quern

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the command needs to know of the machine.
enum Processor {
  /// A thread for each core that the system runs threads on, as far as a step can be shared.
  static var threadCount: Int {
    min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), CompileOptions.maximumThreads)
  }
}
