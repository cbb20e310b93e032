package align

import "math"

// eigen returns the eigenvalues of the symmetric n×n matrix a, ascending, and the
// unit eigenvectors, that of values[k] at vectors[k·n:]. a is overwritten.
//
// It is Jacobi's method (Golub & Van Loan, section 8.5). gonum's solver, with
// which the tests compare it, is faster on large matrices, but its kernels round
// differently from processor to processor, and a pose decides every score.
func eigen(a []float64, n int) (values, vectors []float64) {
	v := make([]float64, n*n) // rows are eigenvectors
	for i := range n {
		v[i*n+i] = 1
	}
	for range 60 { // six or seven sweeps suffice for 6×6
		off, total := 0.0, 0.0
		for i := range n {
			total += float64(a[i*n+i] * a[i*n+i])
			for j := range i {
				off += float64(a[i*n+j] * a[i*n+j])
			}
		}
		if !(off > 1e-32*total) {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, v, n, p, q)
			}
		}
	}
	values, vectors = make([]float64, n), make([]float64, 0, n*n)
	used := make([]bool, n)
	for k := range n {
		least := -1
		for i := range n {
			if !used[i] && (least < 0 || a[i*n+i] < a[least*n+least]) {
				least = i
			}
		}
		used[least] = true
		values[k] = a[least*n+least]
		vectors = append(vectors, v[least*n:(least+1)*n]...)
	}
	return values, vectors
}

// rotate makes a[p,q] zero by a rotation in the plane of axes p and q.
func rotate(a, v []float64, n, p, q int) {
	apq := a[p*n+q]
	if apq == 0 {
		return
	}
	theta := (a[q*n+q] - a[p*n+p]) / (2 * apq)
	t := 1 / (math.Abs(theta) + math.Sqrt(float64(theta*theta)+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(float64(t*t)+1)
	s := t * c
	for k := range n {
		akp, akq := a[k*n+p], a[k*n+q]
		a[k*n+p], a[k*n+q] = float64(c*akp)-float64(s*akq), float64(s*akp)+float64(c*akq)
	}
	for k := range n {
		apk, aqk := a[p*n+k], a[q*n+k]
		a[p*n+k], a[q*n+k] = float64(c*apk)-float64(s*aqk), float64(s*apk)+float64(c*aqk)
		vpk, vqk := v[p*n+k], v[q*n+k]
		v[p*n+k], v[q*n+k] = float64(c*vpk)-float64(s*vqk), float64(s*vpk)+float64(c*vqk)
	}
}
