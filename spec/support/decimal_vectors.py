# Writes spec/fixtures/decimal.tsv: what Python's decimal module says of the operations of decimal_spec.lua.
# usage: python3 spec/support/decimal_vectors.py >spec/fixtures/decimal.tsv
import random
import decimal as d
random.seed(7)
ctx=d.Context(prec=34,Emax=6144,Emin=-6143,rounding=d.ROUND_HALF_EVEN)
d.setcontext(ctx)
def rnd():
    n=random.choice([1,3,8,15,20,33,34]); digs=''.join(random.choice('0123456789') for _ in range(n))
    digs=digs.lstrip('0') or '0'
    p=random.randint(0,len(digs)-1) if random.random()<.7 else 0
    t=digs if p==0 else digs[:-p]+'.'+digs[-p:]
    return ('-' if random.random()<.4 else '')+t
modes={'half_even':d.ROUND_HALF_EVEN,'half_up':d.ROUND_HALF_UP,'half_down':d.ROUND_HALF_DOWN,'up':d.ROUND_UP,'down':d.ROUND_DOWN,'ceiling':d.ROUND_CEILING,'floor':d.ROUND_FLOOR}
for i in range(300):
    a,b=rnd(),rnd(); A,B=d.Decimal(a),d.Decimal(b)
    for op,f in (('add',lambda:A+B),('sub',lambda:A-B),('mul',lambda:A*B),('div',lambda:A/B)):
        try: r=f()
        except Exception: continue
        print(op,a,b,format(r,'f'),sep='\t')
    if i%5==0:
        for m,pm in modes.items():
            p=random.randint(0,8)
            try: print('round',a,p,m,format(A.quantize(d.Decimal(1).scaleb(-p),rounding=pm),'f'),sep='\t')
            except Exception: pass
    if i%5==0 and B>0:
        for m,pm in modes.items():
            big=d.Context(prec=200)
            q=big.divide(A,B).quantize(d.Decimal(1),rounding=pm,context=big) if abs(A/B)<10**30 else None
            if q is not None: print('step',a,b,m,format(big.multiply(q,B),'f'),sep='\t')
    if i%5==0 and B!=0 and abs(A/B)<d.Decimal(10)**30:
        big=d.Context(prec=200); q=big.divide(A,B).quantize(d.Decimal(1),rounding=d.ROUND_FLOOR,context=big)
        print('idiv',a,b,format(q,'f'),sep='\t')
        r=big.subtract(A,big.multiply(q,B)); print('mod',a,b,format(ctx.plus(r),'f'),sep='\t')
