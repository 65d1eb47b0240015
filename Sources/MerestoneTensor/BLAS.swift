import CMerestoneKernels
import COpenBLAS

/// Single-threaded matrix products by OpenBLAS; the parallelism is ours (``Workspace``).
package enum BLAS {
  /// The kernels that OpenBLAS chose when it was loaded: `Haswell`, `SkylakeX`, `Cooperlake`, …
  /// Results are bit-identical only between equal cores.
  package static var coreName: String {
    // SAFETY: OpenBLAS returns a static, NUL-terminated string.
    unsafe String(cString: openblas_get_corename())
  }

  /// What the user should know about the kernels in use; nil where all is well.
  package static var warning: String? {
    warning(core: coreName, hasAVX512: mrs_has_avx512() != 0)
  }

  package static func warning(core: String, hasAVX512: Bool) -> String? {
    let wide: Set = ["SkylakeX", "Cooperlake", "SapphireRapids"]
    guard hasAVX512, !wide.contains(core) else { return nil }
    return "OpenBLAS runs its \(core) kernels although this processor has AVX-512, which about "
      + "halves the speed; unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, then start again"
  }

  /// Makes every later product run on its calling thread.
  static func prepare() { _ = prepared }

  private static let prepared: Void = openblas_set_num_threads(1)

  /// Whether a factor enters the product as stored or transposed.
  enum Form { case plain, transposed }

  /// `c = a b + beta c` for row-major matrices: `a` is `[m, k]`, `b` `[k, n]` (in their given
  /// forms, without gaps between rows), `c` `[m, n]`.
  /// - Safety: The pointers must cover these shapes.
  @unsafe static func multiply(
    m: Int, n: Int, k: Int,
    _ a: UnsafePointer<Float>, _ aForm: Form,
    _ b: UnsafePointer<Float>, _ bForm: Form,
    beta: Float, into c: UnsafeMutablePointer<Float>
  ) {
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      if beta == 0 { unsafe c.update(repeating: 0, count: m * n) }
      return
    }
    unsafe cblas_sgemm(
      CblasRowMajor, aForm == .plain ? CblasNoTrans : CblasTrans,
      bForm == .plain ? CblasNoTrans : CblasTrans,
      blasint(m), blasint(n), blasint(k), 1,
      a, blasint(aForm == .plain ? k : m),
      b, blasint(bForm == .plain ? n : k), beta,
      c, blasint(n))
  }
}
