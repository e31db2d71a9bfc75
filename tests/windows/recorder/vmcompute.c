// A second stand-in for vmcompute.dll: the instrument with which the golden traces were recorded.
//
// It is here so that a replay does not lean on one stand-in that agrees with its author. It is dense
// and without ambition, and is not developed further: tests/windows/service is what tests are
// written against. It deletes what DestroyLayer names, relative paths too: use it under Wine only.
#define WIN32_LEAN_AND_MEAN
#define _WIN32_WINNT 0x0601
#include <windows.h>
#include <objbase.h>
#include <shlwapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdarg.h>
#include <stdint.h>

#define EXP __declspec(dllexport)
typedef uintptr_t HR;              // zero-extended HRESULT: Go compares the whole register
#define R(x) ((HR)(uint32_t)(x))
#define S_OK_ 0u
#define E_PENDING_ 0xC0370103u
#define E_INVALID_STATE_ 0xC0370105u
#define E_UNEXPECTED_EXIT 0xC0370106u
#define E_NOT_EXIST 0xC037010Eu
#define E_ALREADY_EXISTS 0xC037010Fu
#define E_ALREADY_STOPPED 0xC0370110u
#define E_HANDLE_ 0x80070006u
#define E_PATH_NOT_FOUND 0x80070003u
#define E_ELEMENT_NOT_FOUND 0x80070490u

enum { N_EXITED=1,N_CREATE=2,N_START=3,N_PAUSE=4,N_RESUME=5,N_PROC_EXITED=0x10000,N_DISCONNECT=0x01000000 };
typedef void (WINAPI *NOTIFY)(uint32_t type, uintptr_t ctx, uintptr_t status, const WCHAR *data);

// ---------------------------------------------------------------- tracing
static CRITICAL_SECTION L;      // state + trace
static FILE *tf; static int seq; static int step=-1;
typedef struct { char *p; size_t n,c; } SB;
static void sb_put(SB*s,const char*d,size_t n){ if(s->n+n+1>s->c){s->c=(s->n+n+1)*2;s->p=realloc(s->p,s->c);} memcpy(s->p+s->n,d,n); s->n+=n; s->p[s->n]=0; }
static void sb(SB*s,const char*f,...){ char b[4096]; va_list a; va_start(a,f); int n=vsnprintf(b,sizeof b,f,a); va_end(a); if(n>(int)sizeof b-1)n=sizeof b-1; sb_put(s,b,n); }
static void sb_js(SB*s,const char*u){ if(!u){sb(s,"null");return;} sb(s,"\""); for(;*u;u++){unsigned char c=*u; if(c=='"'||c=='\\'){char b[2]={'\\',c};sb_put(s,b,2);} else if(c<0x20)sb(s,"\\u%04x",c); else sb_put(s,(char*)&c,1);} sb(s,"\""); }
static char* u8(const WCHAR*w){ if(!w)return NULL; int n=WideCharToMultiByte(CP_UTF8,0,w,-1,0,0,0,0); char*p=malloc(n+1); WideCharToMultiByte(CP_UTF8,0,w,-1,p,n,0,0); return p; }
static WCHAR* u16(const char*u){ int n=MultiByteToWideChar(CP_UTF8,0,u,-1,0,0); WCHAR*w=malloc(n*2+2); MultiByteToWideChar(CP_UTF8,0,u,-1,w,n); return w; }
static void sb_jw(SB*s,const WCHAR*w){ char*u=u8(w); sb_js(s,u); free(u); }
static WCHAR* cotask(const char*u){ int n=MultiByteToWideChar(CP_UTF8,0,u,-1,0,0); WCHAR*w=CoTaskMemAlloc(n*2+2); MultiByteToWideChar(CP_UTF8,0,u,-1,w,n); return w; }

typedef struct { uint32_t d1; uint16_t d2,d3; uint8_t d4[8]; } G;
typedef struct { int64_t Flavour; const WCHAR*HomeDir; } DI;          // Go: int is 8 bytes; real enum is 4+pad
typedef struct { G id; uint32_t Flags; uint32_t pad; const WCHAR*Path; } LD;
static void sb_guid(SB*s,const G*g){ sb(s,"\"%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x\"",g->d1,g->d2,g->d3,g->d4[0],g->d4[1],g->d4[2],g->d4[3],g->d4[4],g->d4[5],g->d4[6],g->d4[7]); }
static void sb_di(SB*s,const DI*d){ if(!d){sb(s,"null");return;} sb(s,"{\"Flavour\":%d,\"HomeDir\":",(int)d->Flavour); sb_jw(s,d->HomeDir); sb(s,"}"); }
static void sb_lds(SB*s,const LD*l,uintptr_t n){ sb(s,"["); for(uintptr_t i=0;i<n;i++){ sb(s,"%s{\"LayerId\":",i?",":""); sb_guid(s,&l[i].id); sb(s,",\"Flags\":%u,\"Path\":",l[i].Flags); sb_jw(s,l[i].Path); sb(s,"}"); } sb(s,"]"); }

// begin: opens the record under the lock; end: closes it
static SB cur;
static void begin(const char*fn){ EnterCriticalSection(&L); cur.n=0; seq++; sb(&cur,"{\"kind\":\"call\",\"seq\":%d,\"step\":%d,\"fn\":\"%s\",\"args\":{",seq,step,fn); }
static HR end_(uint32_t hr,SB*out){ sb(&cur,"},\"out\":{"); if(out&&out->n)sb_put(&cur,out->p,out->n); sb(&cur,"},\"hr\":\"0x%08x\"}\n",hr); if(tf){fwrite(cur.p,1,cur.n,tf);fflush(tf);} if(out)free(out->p); LeaveCriticalSection(&L); return R(hr); }

// ---------------------------------------------------------------- config
typedef struct { char fn[48]; int nth; int any; uint32_t hr; char sub[256]; int hits; } Fault;
static Fault faults[64]; static int nfaults;
typedef struct { char fn[48]; uint32_t hr; } Def; static Def defs[32]; static int ndefs;
typedef struct { int nth,any; char mode[16]; char*out,*err; int outn,errn; uint32_t code; int delay; uint32_t status; int lwr; int detached_exit; } PCfg;
static PCfg pcfgs[32]; static int npcfgs;
typedef struct { uint32_t type; int nth,any; uint32_t status; int swallow; int hits; int delay; char id[128]; } NCfg; static NCfg ncfgs[32]; static int nncfgs;
static char updates[16][128]; static char updatesv[16][8]; static int nupdates;
static char ewi[16][128]; static int newi;
static char starte[128],createe[128]; static int badpipe; static char *enumraw; static char *propsraw; static char*volraw; static char*procprops;
static struct { char fn[48]; int n; } counts[64]; static int ncounts;
static int callno(const char*fn){ for(int i=0;i<ncounts;i++) if(!strcmp(counts[i].fn,fn)) return ++counts[i].n; strcpy(counts[ncounts].fn,fn); counts[ncounts].n=1; ncounts++; return 1; }
// decides: returns 1 and *hr when an injected result applies; nat is the natural result
static uint32_t decide(const char*fn,const char*id,uint32_t nat){
  int n=callno(fn);
  for(int i=0;i<nfaults;i++) if(!strcmp(faults[i].fn,fn)&&(!faults[i].sub[0]||(id&&strstr(id,faults[i].sub)))){ faults[i].hits++; if(faults[i].any||(faults[i].sub[0]?faults[i].hits:n)==faults[i].nth) return faults[i].hr; }
  if((int32_t)nat<0 && nat!=E_PENDING_) return nat;
  for(int i=0;i<ndefs;i++) if(!strcmp(defs[i].fn,fn)) return defs[i].hr;
  return nat;
}
static int took_effect(uint32_t hr){ return (int32_t)hr>=0||hr==E_PENDING_; }
static char* unhex(const char*h,int*n){ int l=strlen(h)/2; char*p=malloc(l+1); for(int i=0;i<l;i++){unsigned v;sscanf(h+2*i,"%2x",&v);p[i]=v;} p[l]=0; *n=l; return p; }

// ---------------------------------------------------------------- objects
typedef struct Sys Sys; typedef struct Proc Proc;
typedef struct Cb { int num; NOTIFY fn; uintptr_t ctx; Sys*s; Proc*p; int active; CRITICAL_SECTION cs; struct Cb*next; } Cb;
struct Proc { int num,pid; Sys*s; int exited; uint32_t code; int lwr; PCfg cfg; HANDLE in,out,err; HANDLE kill,stdineof; int started; int notified; int hasin; Proc*next; char cmd[1024]; };
struct Sys { int num; char id[256],owner[128],type[64]; int state; int pend_create; uint32_t create_status; Proc*procs; Sys*next; int exited_notified; };
typedef struct { int kind; void*p; int num; int open; } H;   // kind 1 sys 2 proc 3 cb
static H hs[1024]; static int nhs; static Sys*systems; static Cb*cbs; static int nsys,nproc,nextpid=1000,nh[4];
enum { ST_CREATED=1,ST_RUNNING,ST_STOPPED };
static uintptr_t newh(int kind,void*p){ hs[nhs].kind=kind; hs[nhs].p=p; hs[nhs].num=++nh[kind]; hs[nhs].open=1; return 0x1000+ (nhs++); }
static H* geth(uintptr_t h,int kind){ if(h<0x1000||h>=0x1000+(uintptr_t)nhs)return 0; H*x=&hs[h-0x1000]; return (x->kind==kind&&x->open)?x:0; }
static const char*hname(uintptr_t h){ static char b[4][32]; static int i; i=(i+1)&3; if(h<0x1000||h>=0x1000+(uintptr_t)nhs){sprintf(b[i],"raw:0x%x",(unsigned)h);return b[i];} H*x=&hs[h-0x1000]; sprintf(b[i],"%s#%d%s",x->kind==1?"system":x->kind==2?"process":"callback",x->num,x->open?"":"(closed)"); return b[i]; }
static Sys*findsys(const char*id){ for(Sys*s=systems;s;s=s->next) if(!strcmp(s->id,id)&&s->state!=ST_STOPPED) return s; return 0; }
static Sys*addsys(const char*id,const char*owner,const char*type,int st){ Sys*s=calloc(1,sizeof*s); s->num=++nsys; snprintf(s->id,sizeof s->id,"%s",id); snprintf(s->owner,sizeof s->owner,"%s",owner); snprintf(s->type,sizeof s->type,"%s",type); s->state=st; Sys**pp=&systems; while(*pp)pp=&(*pp)->next; *pp=s; return s; }
static int jstr(const char*doc,const char*key,char*out,int cap){ char k[80]; sprintf(k,"\"%s\":\"",key); const char*p=strstr(doc,k); out[0]=0; if(!p)return 0; p+=strlen(k); int n=0; while(*p&&*p!='"'&&n<cap-1){ if(*p=='\\'&&p[1]){p++;} out[n++]=*p++; } out[n]=0; return 1; }
static int jtrue(const char*doc,const char*key){ char k[80]; sprintf(k,"\"%s\":true",key); return strstr(doc,k)!=0; }

// ---------------------------------------------------------------- notifications
typedef struct { uint32_t type; Sys*s; Proc*p; uint32_t status; int delay; int cause; Cb*only; } Note;
static const char*nname(uint32_t t){ switch(t){case N_EXITED:return"SystemExited";case N_CREATE:return"SystemCreateCompleted";case N_START:return"SystemStartCompleted";case N_PAUSE:return"SystemPauseCompleted";case N_RESUME:return"SystemResumeCompleted";case N_PROC_EXITED:return"ProcessExited";case N_DISCONNECT:return"ServiceDisconnect";} return"?"; }
static void deliver(Note n){
  Cb*list[64]; int k=0; int swallow=0; 
  EnterCriticalSection(&L);
  for(int i=0;i<nncfgs;i++) if(ncfgs[i].type==n.type&&(!ncfgs[i].id[0]||(n.s&&!strcmp(n.s->id,ncfgs[i].id)))){ ncfgs[i].hits++; if(ncfgs[i].any||ncfgs[i].nth==ncfgs[i].hits){ if(ncfgs[i].swallow)swallow=1; else n.status=ncfgs[i].status; } }
  for(Cb*c=cbs;c;c=c->next) if(c->active && (n.only? c==n.only : (n.p? c->p==n.p : (c->s==n.s&&!c->p))) && k<64) list[k++]=c;
  SB b={0}; sb(&b,"{\"kind\":\"notify\",\"cause\":%d,\"type\":\"%s\",\"code\":\"0x%08x\",\"status\":\"0x%08x\",\"swallowed\":%s,\"target\":\"%s#%d\",\"system\":",n.cause,nname(n.type),n.type,n.status,swallow?"true":"false",n.p?"process":"system",n.p?n.p->num:n.s->num); sb_js(&b,n.s->id); sb(&b,",\"callbacks\":%d}\n",k);
  if(tf){fwrite(b.p,1,b.n,tf);fflush(tf);} free(b.p);
  LeaveCriticalSection(&L);
  if(swallow) return;
  for(int i=0;i<k;i++){ EnterCriticalSection(&list[i]->cs); if(list[i]->active) list[i]->fn(n.type,list[i]->ctx,R(n.status),NULL); LeaveCriticalSection(&list[i]->cs); }
}
static DWORD WINAPI note_thread(void*a){ Note n=*(Note*)a; free(a); Sleep(n.delay); deliver(n); return 0; }
static void post(uint32_t type,Sys*s,Proc*p,uint32_t status,int delay,int cause,Cb*only){ Note*n=malloc(sizeof*n); *n=(Note){type,s,p,status,delay,cause,only}; CloseHandle(CreateThread(0,0,note_thread,n,0,0)); }

// whole-system exit: kill processes, then SystemExited (ordered, own thread)
typedef struct { Sys*s; uint32_t status; int delay,cause; } Exit;
static DWORD WINAPI exit_thread(void*a){ Exit e=*(Exit*)a; free(a); Sleep(e.delay);
  for(Proc*p=e.s->procs;p;p=p->next){ int do_=0; EnterCriticalSection(&L); if(!p->exited){p->exited=1;p->code=1067; do_=!p->notified; p->notified=1;} SetEvent(p->kill); LeaveCriticalSection(&L); if(do_){ deliver((Note){N_PROC_EXITED,e.s,p,0,0,e.cause,0}); Sleep(40);} }
  deliver((Note){N_EXITED,e.s,0,e.status,0,e.cause,0}); return 0; }
static void sys_exit(Sys*s,uint32_t status,int delay,int cause){ if(s->exited_notified)return; s->exited_notified=1; s->state=ST_STOPPED; Exit*e=malloc(sizeof*e); *e=(Exit){s,status,delay,cause}; CloseHandle(CreateThread(0,0,exit_thread,e,0,0)); }

// ---------------------------------------------------------------- process emulation
static DWORD WINAPI proc_thread(void*a){ Proc*p=a; DWORD n; char buf[4096];
  if(p->cfg.outn&&p->out) WriteFile(p->out,p->cfg.out,p->cfg.outn,&n,0);
  if(p->cfg.errn&&p->err) WriteFile(p->err,p->cfg.err,p->cfg.errn,&n,0);
  if(!strcmp(p->cfg.mode,"echo")&&p->in){ while(ReadFile(p->in,buf,sizeof buf,&n,0)&&n) { DWORD m; if(p->out) WriteFile(p->out,buf,n,&m,0);} }
  else if(!strcmp(p->cfg.mode,"echo")) { WaitForSingleObject(p->stdineof,5000); }
  else if(!strcmp(p->cfg.mode,"run")) WaitForSingleObject(p->kill,INFINITE);
  else WaitForSingleObject(p->kill,p->cfg.delay);
  int do_=0,ex=0; EnterCriticalSection(&L); if(!p->exited){p->exited=1;p->code=p->cfg.code;p->lwr=p->cfg.lwr; } if(!p->notified){p->notified=1;do_=1;} 
  if(p->s->procs==p) for(int i=0;i<newi;i++) if(!strcmp(ewi[i],p->s->id)) ex=1;
  LeaveCriticalSection(&L);
  if(p->out){FlushFileBuffers(p->out);CloseHandle(p->out);} if(p->err){FlushFileBuffers(p->err);CloseHandle(p->err);} if(p->in)CloseHandle(p->in);
  if(do_) deliver((Note){N_PROC_EXITED,p->s,p,p->cfg.status,0,-p->num,0});
  if(ex){ EnterCriticalSection(&L); sys_exit(p->s,0,20,-p->num); LeaveCriticalSection(&L);} 
  return 0; }
static int mkpipe(int num,const char*which,HANDLE*host,HANDLE*guest){ char nm[128]; sprintf(nm,"\\\\.\\pipe\\fakehcs-%u-%d-%s",(unsigned)GetCurrentProcessId(),num,which);
  *host=CreateNamedPipeA(nm,PIPE_ACCESS_DUPLEX|FILE_FLAG_OVERLAPPED|FILE_FLAG_FIRST_PIPE_INSTANCE,PIPE_TYPE_BYTE,1,65536,65536,0,0); if(*host==INVALID_HANDLE_VALUE)return 0;
  *guest=CreateFileA(nm,GENERIC_READ|GENERIC_WRITE,0,0,OPEN_EXISTING,0,0); if(*guest==INVALID_HANDLE_VALUE){CloseHandle(*host);return 0;} return 1; }

// ---------------------------------------------------------------- setup
static void load(void){ char*path=getenv("ORACLE_TRACE"); tf=path?fopen(path,"ab"):0; path=getenv("ORACLE_DLL_CONFIG"); FILE*f=path?fopen(path,"rb"):0; if(!f)return; static char line[262144];
  while(fgets(line,sizeof line,f)){ line[strcspn(line,"\r\n")]=0; char*t[16]; int n=0; char*p=line; while(n<16){ t[n++]=p; p=strchr(p,'\t'); if(!p)break; *p++=0; }
    for(int i=n;i<16;i++)t[i]="";
    if(!strcmp(t[0],"fault")){ Fault*x=&faults[nfaults++]; strcpy(x->fn,t[1]); x->any=!strcmp(t[2],"*"); x->nth=atoi(t[2]); x->hr=strtoul(t[3],0,0); snprintf(x->sub,sizeof x->sub,"%s",t[4]); }
    else if(!strcmp(t[0],"default")){ strcpy(defs[ndefs].fn,t[1]); defs[ndefs++].hr=strtoul(t[2],0,0); }
    else if(!strcmp(t[0],"proc")){ PCfg*x=&pcfgs[npcfgs++]; x->any=!strcmp(t[1],"*"); x->nth=atoi(t[1]); strcpy(x->mode,t[2]); x->out=unhex(t[3],&x->outn); x->err=unhex(t[4],&x->errn); x->code=strtoul(t[5],0,0); x->delay=atoi(t[6]); x->status=strtoul(t[7],0,0); x->lwr=(int)strtoul(t[8],0,0); }
    else if(!strcmp(t[0],"notify")){ NCfg*x=&ncfgs[nncfgs++]; const uint32_t ty[]={1,2,3,4,5,0x10000}; for(int i=0;i<6;i++) if(!strcmp(nname(ty[i]),t[1])) x->type=ty[i]; x->any=!strcmp(t[2],"*"); x->nth=atoi(t[2]); if(!strcmp(t[3],"swallow"))x->swallow=1; else x->status=strtoul(t[3],0,0); snprintf(x->id,sizeof x->id,"%s",t[4]); }
    else if(!strcmp(t[0],"updates")){ strcpy(updates[nupdates],t[1]); strcpy(updatesv[nupdates++],t[2]); }
    else if(!strcmp(t[0],"exit_with_init")) strcpy(ewi[newi++],t[1]);
    else if(!strcmp(t[0],"system")) addsys(t[1],t[2],t[3],!strcmp(t[4],"created")?ST_CREATED:ST_RUNNING);
    else if(!strcmp(t[0],"enumerate")) enumraw=strdup(t[1]);
    else if(!strcmp(t[0],"sysprops")) propsraw=strdup(t[1]);
    else if(!strcmp(t[0],"procprops")) procprops=strdup(t[1]);
    else if(!strcmp(t[0],"start_exits")) strcpy(starte,t[1]);
    else if(!strcmp(t[0],"create_exits")) strcpy(createe,t[1]);
    else if(!strcmp(t[0],"badpipe")) badpipe=atoi(t[1]);
    else if(!strcmp(t[0],"volume")) volraw=strdup(t[1]);
  } fclose(f); }
BOOL WINAPI DllMain(HINSTANCE h,DWORD r,LPVOID x){ if(r==DLL_PROCESS_ATTACH){ InitializeCriticalSection(&L); load(); } return TRUE; }
EXP void OracleMark(uintptr_t s){ EnterCriticalSection(&L); step=(int)s; LeaveCriticalSection(&L); }

static void setres(WCHAR**res,uint32_t hr){ if(!res)return; *res=NULL; if((int32_t)hr<0&&hr!=E_PENDING_){ char b[128]; sprintf(b,"{\"Error\":%d,\"ErrorMessage\":\"\"}",(int)hr); *res=cotask(b);} }

// ---------------------------------------------------------------- layers
static WCHAR* lpath(const DI*d,const WCHAR*id){ static WCHAR b[4096]; if(!PathCombineW(b,d&&d->HomeDir?d->HomeDir:L"",id)) b[0]=0; return b; }
static int isdir(const WCHAR*p){ DWORD a=GetFileAttributesW(p); return a!=INVALID_FILE_ATTRIBUTES&&(a&FILE_ATTRIBUTE_DIRECTORY); }
static void rmtree(const WCHAR*p){ WCHAR pat[4096]; wsprintfW(pat,L"%s\\*",p); WIN32_FIND_DATAW fd; HANDLE h=FindFirstFileW(pat,&fd); if(h!=INVALID_HANDLE_VALUE){ do{ if(!wcscmp(fd.cFileName,L".")||!wcscmp(fd.cFileName,L".."))continue; WCHAR c[4096]; wsprintfW(c,L"%s\\%s",p,fd.cFileName); if(fd.dwFileAttributes&FILE_ATTRIBUTE_DIRECTORY)rmtree(c); else {SetFileAttributesW(c,FILE_ATTRIBUTE_NORMAL);DeleteFileW(c);} }while(FindNextFileW(h,&fd)); FindClose(h);} RemoveDirectoryW(p); }
static HR layer2(const char*fn,DI*d,const WCHAR*id,int op){ char*i=u8(id); begin(fn); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_js(&cur,i);
  WCHAR*p=lpath(d,id); uint32_t nat=isdir(p)?0:E_PATH_NOT_FOUND; uint32_t hr=decide(fn,i,nat); if(took_effect(hr)&&op==1) rmtree(p); free(i); return end_(hr,0); }
EXP HR ActivateLayer(DI*d,const WCHAR*id){ return layer2("ActivateLayer",d,id,0); }
EXP HR DeactivateLayer(DI*d,const WCHAR*id){ return layer2("DeactivateLayer",d,id,0); }
EXP HR UnprepareLayer(DI*d,const WCHAR*id){ return layer2("UnprepareLayer",d,id,0); }
EXP HR DestroyLayer(DI*d,const WCHAR*id){ return layer2("DestroyLayer",d,id,1); }
EXP HR CreateSandboxLayer(DI*d,const WCHAR*id,const WCHAR*parent,LD*l,uintptr_t n){ char*i=u8(id); begin("CreateSandboxLayer"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_js(&cur,i); sb(&cur,",\"parent\":"); sb_jw(&cur,parent); sb(&cur,",\"descriptors\":"); sb_lds(&cur,l,n);
  WCHAR*p=lpath(d,id); uint32_t nat=isdir(p)?0x800700B7u:(isdir(d->HomeDir)?0:E_PATH_NOT_FOUND); uint32_t hr=decide("CreateSandboxLayer",i,nat); if(took_effect(hr)){ CreateDirectoryW(p,0); WCHAR c[4096]; wsprintfW(c,L"%s\\sandbox.vhdx",p); HANDLE f=CreateFileW(c,GENERIC_WRITE,0,0,CREATE_ALWAYS,FILE_ATTRIBUTE_NORMAL,0); DWORD w; WriteFile(f,"fake",4,&w,0); CloseHandle(f);} free(i); return end_(hr,0); }
EXP HR PrepareLayer(DI*d,const WCHAR*id,LD*l,uintptr_t n){ char*i=u8(id); begin("PrepareLayer"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_js(&cur,i); sb(&cur,",\"descriptors\":"); sb_lds(&cur,l,n); uint32_t hr=decide("PrepareLayer",i,isdir(lpath(d,id))?0:E_PATH_NOT_FOUND); free(i); return end_(hr,0); }
EXP HR CreateLayer(DI*d,const WCHAR*id,const WCHAR*parent){ char*i=u8(id); begin("CreateLayer"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_js(&cur,i); sb(&cur,",\"parent\":"); sb_jw(&cur,parent); uint32_t hr=decide("CreateLayer",i,0); if(took_effect(hr))CreateDirectoryW(lpath(d,id),0); free(i); return end_(hr,0); }
EXP HR CopyLayer(DI*d,const WCHAR*a,const WCHAR*b,LD*l,uintptr_t n){ begin("CopyLayer"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"src\":"); sb_jw(&cur,a); sb(&cur,",\"dst\":"); sb_jw(&cur,b); sb(&cur,",\"descriptors\":"); sb_lds(&cur,l,n); return end_(decide("CopyLayer",0,0),0); }
EXP HR ExpandSandboxSize(DI*d,const WCHAR*id,uint64_t sz){ begin("ExpandSandboxSize"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_jw(&cur,id); sb(&cur,",\"size\":%llu",sz); return end_(decide("ExpandSandboxSize",0,0),0); }
EXP HR ExportLayer(DI*d,const WCHAR*id,const WCHAR*path,LD*l,uintptr_t n){ begin("ExportLayer"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_jw(&cur,id); sb(&cur,",\"path\":"); sb_jw(&cur,path); sb(&cur,",\"descriptors\":"); sb_lds(&cur,l,n); return end_(decide("ExportLayer",0,0),0); }
EXP HR ImportLayer(DI*d,const WCHAR*id,const WCHAR*path,LD*l,uintptr_t n){ begin("ImportLayer"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_jw(&cur,id); sb(&cur,",\"path\":"); sb_jw(&cur,path); sb(&cur,",\"descriptors\":"); sb_lds(&cur,l,n); return end_(decide("ImportLayer",0,0),0); }
EXP HR LayerExists(DI*d,const WCHAR*id,uint32_t*ex){ char*i=u8(id); begin("LayerExists"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_js(&cur,i); uint32_t hr=decide("LayerExists",i,0); *ex=isdir(lpath(d,id)); SB o={0}; sb(&o,"\"exists\":%u",*ex); free(i); return end_(hr,&o); }
EXP HR GetLayerMountPath(DI*d,const WCHAR*id,uintptr_t*len,WCHAR*buf){ char*i=u8(id); begin("GetLayerMountPath"); sb(&cur,"\"info\":"); sb_di(&cur,d); sb(&cur,",\"id\":"); sb_js(&cur,i); sb(&cur,",\"length\":%u,\"buffer\":%s",(unsigned)*len,buf?"\"given\"":"null");
  uint32_t hr=decide("GetLayerMountPath",i,0); SB o={0}; if(took_effect(hr)){ char v[512]; if(volraw)snprintf(v,sizeof v,"%s",volraw); else { unsigned h=2166136261u; for(char*c=i;*c;c++)h=(h^(unsigned char)*c)*16777619u; sprintf(v,"\\\\?\\Volume{%08x-0000-4000-8000-000000000000}",h);} WCHAR*w=u16(v); size_t need=volraw&&!*volraw?0:wcslen(w)+1; if(buf){ if(*len<need) hr=0x8007007A; else memcpy(buf,w,need*2);} *len=need; sb(&o,"\"length\":%u",(unsigned)need); if(buf){sb(&o,",\"path\":"); sb_js(&o,v);} free(w);} free(i); return end_(hr,&o); }
EXP HR GetBaseImages(WCHAR**b){ begin("GetBaseImages"); uint32_t hr=decide("GetBaseImages",0,0); *b=cotask("{\"Images\":[]}"); return end_(hr,0); }
EXP HR ProcessBaseImage(const WCHAR*p){ begin("ProcessBaseImage"); sb(&cur,"\"path\":"); sb_jw(&cur,p); return end_(decide("ProcessBaseImage",0,0),0); }
EXP HR ProcessUtilityImage(const WCHAR*p){ begin("ProcessUtilityImage"); sb(&cur,"\"path\":"); sb_jw(&cur,p); return end_(decide("ProcessUtilityImage",0,0),0); }
#define STUB(n) EXP HR n(void){ begin(#n); return end_(0x80004001u,0); }
STUB(ImportLayerBegin) STUB(ImportLayerNext) STUB(ImportLayerWrite) STUB(ImportLayerEnd) STUB(ExportLayerBegin) STUB(ExportLayerNext) STUB(ExportLayerRead) STUB(ExportLayerEnd)
STUB(HcsPauseComputeSystem) STUB(HcsResumeComputeSystem) STUB(HcsGetServiceProperties) STUB(HcsModifyServiceSettings)

// NameToGuid: real one returns RFC 4122 version-5 GUIDs (public docker/hcsshim logs) in an unpublished
// namespace. Here: table of publicly logged real pairs, else uuid5(nil namespace, utf8(name)).
static void sha1(const uint8_t*d,size_t n,uint8_t*out){ uint32_t h[5]={0x67452301,0xEFCDAB89,0x98BADCFE,0x10325476,0xC3D2E1F0}; size_t t=((n+8)/64+1)*64; uint8_t*m=calloc(t,1); memcpy(m,d,n); m[n]=0x80; uint64_t bits=n*8; for(int i=0;i<8;i++)m[t-1-i]=bits>>(8*i);
#define RL(x,k) (((x)<<(k))|((x)>>(32-(k))))
  for(size_t o=0;o<t;o+=64){ uint32_t w[80]; for(int i=0;i<16;i++)w[i]=m[o+4*i]<<24|m[o+4*i+1]<<16|m[o+4*i+2]<<8|m[o+4*i+3]; for(int i=16;i<80;i++)w[i]=RL(w[i-3]^w[i-8]^w[i-14]^w[i-16],1); uint32_t a=h[0],b=h[1],c=h[2],e=h[3],g=h[4]; for(int i=0;i<80;i++){ uint32_t f,k; if(i<20){f=(b&c)|(~b&e);k=0x5A827999;}else if(i<40){f=b^c^e;k=0x6ED9EBA1;}else if(i<60){f=(b&c)|(b&e)|(c&e);k=0x8F1BBCDC;}else{f=b^c^e;k=0xCA62C1D6;} uint32_t x=RL(a,5)+f+g+k+w[i]; g=e;e=c;c=RL(b,30);b=a;a=x;} h[0]+=a;h[1]+=b;h[2]+=c;h[3]+=e;h[4]+=g; }
  for(int i=0;i<20;i++)out[i]=h[i/4]>>(24-8*(i%4)); free(m); }
static const char*known[][2]={
 {"4e3c0eecb91d8fc28eda07ff06c6910a592b0ce4539476fb943b48e6934e9976","cd22d128903e550a9d8faa8134ca1c9b"},
 {"e2a46135ff011a2ef9f193590ccddde95806850a0cdd7638b913e003c28e7fd0","8f9dd02a0f67598e921b59884f08b5af"},
 {"82f6b18dfe22ce24ac65ec5023f3c1044b2b7b1f6170d99c73d0122f330dafb9","1b43484fdf685ff9a25a4a1c97a2b105"},
 {"5bda1565205b9c2be87fbf72b2b190eac281b618d1638584c76d0f38e66f88d5","752b605a852f5ed08dc4600a46637308"}};
EXP HR NameToGuid(const WCHAR*name,G*g){ char*u=u8(name); begin("NameToGuid"); sb(&cur,"\"name\":"); sb_js(&cur,u); uint32_t hr=decide("NameToGuid",u,0); SB o={0}; if(took_effect(hr)){ uint8_t b[20]; int k=-1; for(int i=0;i<4;i++)if(!strcmp(known[i][0],u))k=i; if(k>=0){ for(int i=0;i<16;i++){unsigned v;sscanf(known[k][1]+2*i,"%2x",&v);b[i]=v;} } else { size_t n=strlen(u); uint8_t*m=calloc(16+n+1,1); memcpy(m+16,u,n); sha1(m,16+n,b); free(m); b[6]=(b[6]&0xf)|0x50; b[8]=(b[8]&0x3f)|0x80; }
  g->d1=(uint32_t)b[0]<<24|b[1]<<16|b[2]<<8|b[3]; g->d2=b[4]<<8|b[5]; g->d3=b[6]<<8|b[7]; memcpy(g->d4,b+8,8); sb(&o,"\"guid\":"); sb_guid(&o,g);} free(u); return end_(hr,&o); }

// ---------------------------------------------------------------- compute systems
EXP HR HcsEnumerateComputeSystems(const WCHAR*q,WCHAR**cs,WCHAR**res){ begin("HcsEnumerateComputeSystems"); sb(&cur,"\"query\":"); sb_jw(&cur,q); uint32_t hr=decide("HcsEnumerateComputeSystems",0,0); SB o={0}; *cs=0; if(took_effect(hr)){ SB d={0}; if(enumraw) sb_put(&d,enumraw,strlen(enumraw)); else { sb(&d,"["); int f=1; for(Sys*s=systems;s;s=s->next){ if(s->state==ST_STOPPED)continue; sb(&d,"%s{\"Id\":",f?"":","); f=0; sb_js(&d,s->id); sb(&d,",\"Name\":"); sb_js(&d,s->id); sb(&d,",\"SystemType\":"); sb_js(&d,s->type); sb(&d,",\"Owner\":"); sb_js(&d,s->owner); sb(&d,"}"); } sb(&d,"]"); } if(strcmp(d.p,"NULL"))*cs=cotask(d.p); sb(&o,"\"computeSystems\":"); sb_js(&o,d.p); free(d.p);} setres(res,hr); return end_(hr,&o); }
EXP HR HcsCreateComputeSystem(const WCHAR*id,const WCHAR*conf,HANDLE ident,uintptr_t*sys,WCHAR**res){ char*i=u8(id),*c=u8(conf); begin("HcsCreateComputeSystem"); sb(&cur,"\"id\":"); sb_js(&cur,i); sb(&cur,",\"configuration\":"); sb_js(&cur,c); sb(&cur,",\"identity\":%u",(unsigned)(uintptr_t)ident);
  uint32_t hr=decide("HcsCreateComputeSystem",i,findsys(i)?E_ALREADY_EXISTS:E_PENDING_); SB o={0}; if(took_effect(hr)){ char ow[128],ty[64]; jstr(c,"Owner",ow,sizeof ow); jstr(c,"SystemType",ty,sizeof ty); Sys*s=addsys(i,ow,ty,ST_CREATED); *sys=newh(1,s); if(hr==E_PENDING_) s->pend_create=seq; sb(&o,"\"computeSystem\":\"%s\"",hname(*sys)); } setres(res,hr); free(i);free(c); return end_(hr,&o); }
EXP HR HcsOpenComputeSystem(const WCHAR*id,uintptr_t*sys,WCHAR**res){ char*i=u8(id); begin("HcsOpenComputeSystem"); sb(&cur,"\"id\":"); sb_js(&cur,i); Sys*s=findsys(i); uint32_t hr=decide("HcsOpenComputeSystem",i,s?0:E_NOT_EXIST); SB o={0}; if(took_effect(hr)&&s){ *sys=newh(1,s); sb(&o,"\"computeSystem\":\"%s\"",hname(*sys)); } setres(res,hr); free(i); return end_(hr,&o); }
EXP HR HcsCloseComputeSystem(uintptr_t h){ begin("HcsCloseComputeSystem"); sb(&cur,"\"computeSystem\":\"%s\"",hname(h)); H*x=geth(h,1); uint32_t hr=decide("HcsCloseComputeSystem",0,x?0:E_HANDLE_); if(took_effect(hr)&&x)x->open=0; return end_(hr,0); }
static HR sysop(const char*fn,uintptr_t h,const WCHAR*opt,WCHAR**res,int op){ begin(fn); sb(&cur,"\"computeSystem\":\"%s\",\"options\":",hname(h)); sb_jw(&cur,opt); H*x=geth(h,1); Sys*s=x?x->p:0; uint32_t nat=E_HANDLE_;
  if(s) switch(op){ case 1: nat=s->state==ST_CREATED?E_PENDING_:E_INVALID_STATE_; break; case 2: nat=s->state==ST_RUNNING?E_PENDING_:s->state==ST_STOPPED?E_ALREADY_STOPPED:E_INVALID_STATE_; break; case 3: nat=s->state==ST_STOPPED?E_ALREADY_STOPPED:E_PENDING_; }
  uint32_t hr=decide(fn,s?s->id:0,nat);
  if(s&&took_effect(hr)){ if(op==1){ s->state=ST_RUNNING; if(hr==E_PENDING_){ if(!strcmp(starte,s->id)) sys_exit(s,0,20,seq); else post(N_START,s,0,0,20,seq,0);}} else sys_exit(s,0,20,seq); }
  setres(res,hr); return end_(hr,0); }
EXP HR HcsStartComputeSystem(uintptr_t h,const WCHAR*o,WCHAR**r){ return sysop("HcsStartComputeSystem",h,o,r,1); }
EXP HR HcsShutdownComputeSystem(uintptr_t h,const WCHAR*o,WCHAR**r){ return sysop("HcsShutdownComputeSystem",h,o,r,2); }
EXP HR HcsTerminateComputeSystem(uintptr_t h,const WCHAR*o,WCHAR**r){ return sysop("HcsTerminateComputeSystem",h,o,r,3); }
EXP HR HcsGetComputeSystemProperties(uintptr_t h,const WCHAR*q,WCHAR**props,WCHAR**res){ begin("HcsGetComputeSystemProperties"); sb(&cur,"\"computeSystem\":\"%s\",\"propertyQuery\":",hname(h)); sb_jw(&cur,q); H*x=geth(h,1); Sys*s=x?x->p:0; uint32_t hr=decide("HcsGetComputeSystemProperties",s?s->id:0,s?(s->state==ST_STOPPED?E_NOT_EXIST:0):E_HANDLE_); SB o={0}; *props=0; if(took_effect(hr)&&s){ SB d={0}; if(propsraw)sb_put(&d,propsraw,strlen(propsraw)); else { const char*u="false"; for(int i=0;i<nupdates;i++) if(!strcmp(updates[i],s->id))u=updatesv[i]; sb(&d,"{\"Id\":"); sb_js(&d,s->id); sb(&d,",\"Name\":"); sb_js(&d,s->id); sb(&d,",\"SystemType\":"); sb_js(&d,s->type); sb(&d,",\"Owner\":"); sb_js(&d,s->owner); sb(&d,",\"AreUpdatesPending\":%s}",u);} if(strcmp(d.p,"NULL"))*props=cotask(d.p); sb(&o,"\"properties\":"); sb_js(&o,d.p); free(d.p);} setres(res,hr); return end_(hr,&o); }
EXP HR HcsModifyComputeSystem(uintptr_t h,const WCHAR*c,WCHAR**res){ begin("HcsModifyComputeSystem"); sb(&cur,"\"computeSystem\":\"%s\",\"configuration\":",hname(h)); sb_jw(&cur,c); uint32_t hr=decide("HcsModifyComputeSystem",0,geth(h,1)?0:E_HANDLE_); setres(res,hr); return end_(hr,0); }
static Cb*addcb(Sys*s,Proc*p,void*fn,uintptr_t ctx){ Cb*c=calloc(1,sizeof*c); c->fn=(NOTIFY)fn; c->ctx=ctx; c->s=s; c->p=p; c->active=1; InitializeCriticalSection(&c->cs); c->next=cbs; cbs=c; return c; }
EXP HR HcsRegisterComputeSystemCallback(uintptr_t h,void*fn,uintptr_t ctx,uintptr_t*out){ begin("HcsRegisterComputeSystemCallback"); sb(&cur,"\"computeSystem\":\"%s\",\"callback\":\"fn\",\"context\":%u",hname(h),(unsigned)ctx); H*x=geth(h,1); Sys*s=x?x->p:0; uint32_t hr=decide("HcsRegisterComputeSystemCallback",s?s->id:0,s?0:E_HANDLE_); SB o={0}; if(took_effect(hr)&&s){ Cb*c=addcb(s,0,fn,ctx); *out=newh(3,c); sb(&o,"\"callbackHandle\":\"%s\"",hname(*out)); if(s->pend_create){ if(!strcmp(createe,s->id)) sys_exit(s,0,20,s->pend_create); else post(N_CREATE,s,0,0,20,s->pend_create,0); s->pend_create=0; } } return end_(hr,&o); }
static HR unreg(const char*fn,uintptr_t h){ begin(fn); sb(&cur,"\"callbackHandle\":\"%s\"",hname(h)); H*x=geth(h,3); uint32_t hr=decide(fn,0,x?0:E_HANDLE_); Cb*c=0; if(took_effect(hr)&&x){ x->open=0; c=x->p; } HR r=end_(hr,0); if(c){ EnterCriticalSection(&c->cs); c->active=0; LeaveCriticalSection(&c->cs);} return r; }
EXP HR HcsUnregisterComputeSystemCallback(uintptr_t h){ return unreg("HcsUnregisterComputeSystemCallback",h); }
EXP HR HcsUnregisterProcessCallback(uintptr_t h){ return unreg("HcsUnregisterProcessCallback",h); }

// ---------------------------------------------------------------- processes
typedef struct { uint32_t ProcessId,Reserved; HANDLE in,out,err; } PI;
EXP HR HcsCreateProcess(uintptr_t h,const WCHAR*par,PI*pi,uintptr_t*proc,WCHAR**res){ char*c=u8(par); begin("HcsCreateProcess"); sb(&cur,"\"computeSystem\":\"%s\",\"processParameters\":",hname(h)); sb_js(&cur,c); H*x=geth(h,1); Sys*s=x?x->p:0; uint32_t hr=decide("HcsCreateProcess",c,s?(s->state==ST_RUNNING?0:E_INVALID_STATE_):E_HANDLE_); SB o={0};
  if(took_effect(hr)&&s){ Proc*p=calloc(1,sizeof*p); p->num=++nproc; p->pid=nextpid; nextpid+=4; p->s=s; jstr(c,"CommandLine",p->cmd,sizeof p->cmd); p->cfg=(PCfg){.delay=50}; strcpy(p->cfg.mode,"exit"); for(int i=0;i<npcfgs;i++) if(pcfgs[i].any||pcfgs[i].nth==p->num){p->cfg=pcfgs[i];break;} p->kill=CreateEventA(0,1,0,0); p->stdineof=CreateEventA(0,1,0,0);
    memset(pi,0,sizeof*pi); pi->ProcessId=p->pid; if(jtrue(c,"CreateStdInPipe"))mkpipe(p->num,"in",&pi->in,&p->in); if(jtrue(c,"CreateStdOutPipe"))mkpipe(p->num,"out",&pi->out,&p->out); if(jtrue(c,"CreateStdErrPipe"))mkpipe(p->num,"err",&pi->err,&p->err);
    if(badpipe==p->num&&pi->out){ CloseHandle(pi->out); pi->out=(HANDLE)(uintptr_t)0xDEA0; }
    Proc**pp=&s->procs; while(*pp)pp=&(*pp)->next; *pp=p; *proc=newh(2,p); sb(&o,"\"process\":\"%s\",\"processInformation\":{\"ProcessId\":%d,\"StdInput\":%s,\"StdOutput\":%s,\"StdError\":%s}",hname(*proc),p->pid,pi->in?"\"pipe\"":"null",pi->out?"\"pipe\"":"null",pi->err?"\"pipe\"":"null"); }
  setres(res,hr); free(c); return end_(hr,&o); }
EXP HR HcsOpenProcess(uintptr_t h,uint32_t pid,uintptr_t*proc,WCHAR**res){ begin("HcsOpenProcess"); sb(&cur,"\"computeSystem\":\"%s\",\"pid\":%u",hname(h),pid); H*x=geth(h,1); Sys*s=x?x->p:0; Proc*p=s?s->procs:0; while(p&&(uint32_t)p->pid!=pid)p=p->next; uint32_t hr=decide("HcsOpenProcess",0,p?0:E_ELEMENT_NOT_FOUND); if(took_effect(hr)&&p)*proc=newh(2,p); setres(res,hr); return end_(hr,0); }
EXP HR HcsCloseProcess(uintptr_t h){ begin("HcsCloseProcess"); sb(&cur,"\"process\":\"%s\"",hname(h)); H*x=geth(h,2); uint32_t hr=decide("HcsCloseProcess",0,x?0:E_HANDLE_); if(took_effect(hr)&&x)x->open=0; return end_(hr,0); }
EXP HR HcsTerminateProcess(uintptr_t h,WCHAR**res){ begin("HcsTerminateProcess"); sb(&cur,"\"process\":\"%s\"",hname(h)); H*x=geth(h,2); Proc*p=x?x->p:0; uint32_t hr=decide("HcsTerminateProcess",0,p?(p->exited?E_ELEMENT_NOT_FOUND:0):E_HANDLE_); if(took_effect(hr)&&p&&!p->exited){ p->exited=1; p->code=1067; SetEvent(p->kill);} setres(res,hr); return end_(hr,0); }
EXP HR HcsGetProcessInfo(uintptr_t h,PI*pi,WCHAR**res){ begin("HcsGetProcessInfo"); sb(&cur,"\"process\":\"%s\"",hname(h)); H*x=geth(h,2); Proc*p=x?x->p:0; uint32_t hr=decide("HcsGetProcessInfo",0,p?0:E_HANDLE_); if(p){memset(pi,0,sizeof*pi);pi->ProcessId=p->pid;} setres(res,hr); return end_(hr,0); }
EXP HR HcsGetProcessProperties(uintptr_t h,WCHAR**props,WCHAR**res){ begin("HcsGetProcessProperties"); sb(&cur,"\"process\":\"%s\"",hname(h)); H*x=geth(h,2); Proc*p=x?x->p:0; uint32_t hr=decide("HcsGetProcessProperties",0,p?0:E_HANDLE_); SB o={0}; *props=0; if(took_effect(hr)&&p){ char b[512]; if(procprops)snprintf(b,sizeof b,"%s",procprops); else sprintf(b,"{\"ProcessId\":%d,\"Exited\":%s,\"ExitCode\":%u,\"LastWaitResult\":%d}",p->pid,p->exited?"true":"false",p->code,p->lwr); if(strcmp(b,"NULL"))*props=cotask(b); sb(&o,"\"processProperties\":"); sb_js(&o,b);} setres(res,hr); return end_(hr,&o); }
EXP HR HcsModifyProcess(uintptr_t h,const WCHAR*set,WCHAR**res){ char*c=u8(set); begin("HcsModifyProcess"); sb(&cur,"\"process\":\"%s\",\"settings\":",hname(h)); sb_js(&cur,c); H*x=geth(h,2); Proc*p=x?x->p:0; uint32_t hr=decide("HcsModifyProcess",0,p?0:E_HANDLE_); if(took_effect(hr)&&p&&strstr(c,"\"CloseHandle\"")&&strstr(c,"StdIn")) SetEvent(p->stdineof); setres(res,hr); free(c); return end_(hr,0); }
EXP HR HcsRegisterProcessCallback(uintptr_t h,void*fn,uintptr_t ctx,uintptr_t*out){ begin("HcsRegisterProcessCallback"); sb(&cur,"\"process\":\"%s\",\"callback\":\"fn\",\"context\":%u",hname(h),(unsigned)ctx); H*x=geth(h,2); Proc*p=x?x->p:0; uint32_t hr=decide("HcsRegisterProcessCallback",0,p?0:E_HANDLE_); SB o={0}; if(took_effect(hr)&&p){ Cb*c=addcb(p->s,p,fn,ctx); *out=newh(3,c); sb(&o,"\"callbackHandle\":\"%s\"",hname(*out)); if(!p->started){p->started=1; CloseHandle(CreateThread(0,0,proc_thread,p,0,0));} } return end_(hr,&o); }
EXP HR HNSCall(const WCHAR*m,const WCHAR*p,const WCHAR*ob,WCHAR**resp){ begin("HNSCall"); sb(&cur,"\"method\":"); sb_jw(&cur,m); sb(&cur,",\"path\":"); sb_jw(&cur,p); sb(&cur,",\"object\":"); sb_jw(&cur,ob); *resp=cotask("{\"Success\":true,\"Output\":[]}"); return end_(0,0); }
