#if canImport(Glibc)
  import Glibc

  // glibc's <malloc.h>, which its module leaves out.
  @_silgen_name("mallopt") private func mallopt(_ parameter: CInt, _ value: CInt) -> CInt
  @_silgen_name("malloc_trim") private func mallocTrim(_ pad: Int) -> CInt
#endif

/// The C library's heap, which keeps what was freed unless it is told otherwise.
public enum Memory {
  /// Keeps the heap in few parts: each thread would have one of its own, and what is freed in one serves no other.
  public static func beFrugal() {
    #if canImport(Glibc)
      let arenaMax: CInt = -8
      _ = mallopt(arenaMax, 2)
    #endif
  }

  /// Gives what is free back to the system.
  public static func giveBack() {
    #if canImport(Glibc)
      _ = mallocTrim(0)
    #endif
  }
}
